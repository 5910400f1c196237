declare module 'fs-native-extensions' {
  /** Locks the whole file for its open file description; `false` when another one holds it. */
  export function tryLock(fd: number): boolean;
}
