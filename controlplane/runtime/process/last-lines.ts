/** Characters shown of a line: the whole must fit into the status of a gRPC call, which is sent as a header. */
const longestShown = 400;

/** Keeps the last lines that a process printed, for the message that says why it failed. */
export class LastLines {
  readonly #lines: string[] = [];
  readonly #count: number;

  constructor(count = 20) {
    this.#count = count;
  }

  push(lines: readonly string[]): void {
    this.#lines.push(...lines.slice(-this.#count));
    this.#lines.splice(0, this.#lines.length - this.#count);
  }

  /** The lines, each cut to what is shown of it. */
  get shown(): readonly string[] {
    return this.#lines.map((line) => line.slice(0, longestShown));
  }

  /** For the end of a message: the lines, indented, under a heading; or that there were none. */
  describe(): string {
    if (this.#lines.length === 0) return 'it printed nothing';
    return `it printed last:\n${this.shown.map((line) => `  ${line}`).join('\n')}`;
  }
}
