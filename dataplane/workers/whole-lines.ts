/** Passes text on in whole lines, however it was cut. A last line without an end is left out: whoever wrote it was killed. */
export function wholeLines(onLines: (lines: string) => void): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    const end = chunk.lastIndexOf('\n') + 1;
    if (end > 0) onLines(rest + chunk.slice(0, end));
    rest = end > 0 ? chunk.slice(end) : rest + chunk;
  };
}
