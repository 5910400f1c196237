import { createHash } from 'node:crypto';
import { readFile, rename } from 'node:fs/promises';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import writeFileAtomic from 'write-file-atomic';
import { Snapshot } from '../../proto/gen/micro/routes/v1/routes.ts';

const digestBytes = 32;

/** Between two writes at least: the table may change all the time. */
const pauseMs = 1_000;

/** A large table takes a while to encode: so much longer than that is the pause. */
const pauseTimes = 50;

/** Services that are encoded in one go, so that calls need not wait for all of them. */
const encodedAtOnce = 200;

/**
 * The file that holds the last route table that was applied, so that a data plane can start while every control plane is
 * away: a SHA-256 digest, then the snapshot as protobuf.
 */
export class LastGoodFile {
  readonly path: string;
  readonly #log: Logger;
  #newest: (() => Snapshot) | undefined;
  #writing: Promise<void> | undefined;
  #stopPausing = new AbortController();

  constructor(path: string, log: Logger) {
    this.path = path;
    this.#log = log;
  }

  /** Writes in the background; of the tables that come while one is written, only the newest is written next. */
  save(snapshot: () => Snapshot): void {
    this.#newest = snapshot;
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
  }

  /** Resolves when everything saved so far is on disk. */
  async flush(): Promise<void> {
    this.#stopPausing.abort();
    await this.#writing;
    this.#stopPausing = new AbortController();
  }

  /** The last good table; undefined when there is none, or when it is damaged: then it is reported and kept aside. */
  async load(): Promise<Snapshot | undefined> {
    let bytes: Buffer;
    try {
      bytes = await readFile(this.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#log.error({ err: error }, `cannot read the last good route table ${this.path}`);
      }
      return undefined;
    }
    try {
      const payload = bytes.subarray(digestBytes);
      if (!digest(payload).equals(bytes.subarray(0, digestBytes))) throw new Error('its digest does not match');
      return Snapshot.decode(payload);
    } catch (error) {
      await this.#keepAside(error);
      return undefined;
    }
  }

  async #keepAside(error: unknown): Promise<void> {
    const aside = `${this.path}.damaged-${new Date().toISOString()}`;
    await rename(this.path, aside);
    this.#log.error({ err: error }, `the last good route table ${this.path} is damaged; it is kept as ${aside}`);
  }

  async #writeAll(): Promise<void> {
    while (this.#newest) {
      const snapshot = this.#newest();
      this.#newest = undefined;
      const { bytes, tookMs } = await encode(snapshot);
      try {
        await writeFileAtomic(this.path, bytes, { mode: 0o600 });
      } catch (error) {
        this.#log.error({ err: error }, `cannot write the last good route table ${this.path}`);
      }
      const longPauseMs = Math.max(pauseMs, pauseTimes * tookMs);
      // A cut pause is no failure: there is something to write now, or nobody waits for more.
      await setTimeout(longPauseMs, undefined, { ref: false, signal: this.#stopPausing.signal }).catch(() => {});
    }
  }
}

/**
 * A message may be encoded in parts, one behind the other, as long as each has other elements of what is repeated.
 *
 * @returns also how long calls had to wait for it, all in all
 */
async function encode({ services, ...rest }: Snapshot): Promise<{ readonly bytes: Buffer; readonly tookMs: number }> {
  const hash = createHash('sha256');
  const parts: Uint8Array[] = [];
  let tookMs = 0;
  const add = (part: Snapshot): void => {
    const startedAt = performance.now();
    const bytes = Snapshot.encode(part).finish();
    hash.update(bytes);
    parts.push(bytes);
    tookMs += performance.now() - startedAt;
  };
  add({ ...rest, services: [] });
  for (let from = 0; from < services.length; from += encodedAtOnce) {
    add({ clusterId: 0n, revision: 0n, prefixes: [], services: services.slice(from, from + encodedAtOnce) });
    await setImmediate();
  }
  return { bytes: Buffer.concat([hash.digest(), ...parts]), tookMs };
}

const digest = (payload: Uint8Array): Buffer => createHash('sha256').update(payload).digest();
