const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** "512 B", "1.5 MiB", "45 MiB": two digits or more, in the largest unit that leaves one before the point. */
export function size(bytes: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
  const value = bytes / 1024 ** power;
  return `${power > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}

/** How much of one core: "3%", "250%" for two and a half. */
export function percent(cores: number): string {
  return `${Math.round(cores * 100)}%`;
}
