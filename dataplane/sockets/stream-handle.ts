import type { Socket } from 'node:net';

/**
 * What Node has under a socket, and its own `net`, `http` and `cluster` are built on. None of it is a public name: this is
 * the one place that knows them.
 */
export interface StreamHandle {
  /** Called with what was read; `streamBaseState[kReadBytesOrError]` is how much, or what failed. */
  onread: (this: StreamHandle, bytes: ArrayBuffer | undefined) => unknown;
  /** Bytes that were given to it to write, and of these what the kernel has not taken yet. */
  readonly bytesWritten: number;
  readonly writeQueueSize: number;
  /** Set while HTTP reads the handle without the socket. */
  _consumed?: boolean;
  /**
   * @param request touched only where the write goes on in the background; `streamBaseState[kLastWriteWasAsync]` says so
   * @returns 0, or the negative number of an error
   */
  writeLatin1String(request: WriteRequest, text: string): number;
  /** As `writeLatin1String`; the bytes are not copied. */
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
}

interface WriteRequest {
  /** @param status 0, or the negative number of an error */
  oncomplete: (status: number) => void;
  /** Keeps the bytes from being collected. */
  buffer?: Uint8Array;
}

interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  /** What the last call of, or from, a handle left. */
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

const binding = (process as unknown as { binding(name: 'stream_wrap'): StreamBinding }).binding('stream_wrap');

export const { WriteWrap, streamBaseState, kReadBytesOrError, kLastWriteWasAsync } = binding;

interface HandleHolder {
  _handle: StreamHandle | null;
}

/** Null once the socket is closed, and before it has one. */
export function handleOf(socket: Socket): StreamHandle | null {
  // oxlint-disable-next-line no-underscore-dangle -- Node's own name
  return (socket as unknown as HandleHolder)._handle ?? null;
}

/** Takes a socket's handle away from it. */
export function takeHandle(socket: Socket): StreamHandle | null {
  const handle = handleOf(socket);
  // oxlint-disable-next-line no-underscore-dangle -- Node's own name
  (socket as unknown as HandleHolder)._handle = null;
  return handle;
}
