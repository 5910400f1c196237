import { readSync } from 'node:fs';

/** Page numbers of the two trees of an LMDB file: free pages, and tables. */
export type Roots = readonly [bigint, bigint];

const headerBytes = 24;
const nodeHeaderBytes = 8;
/** `md_root` in `MDB_db`. */
const rootOffset = 40;
const emptyTree = 0xffff_ffff_ffff_ffffn;

const pageFlags = { branch: 0x01, leaf: 0x02, overflow: 0x04 };
const nodeFlags = { bigData: 0x01, table: 0x02 };

/**
 * Follows every pointer of the trees: each page must lie in the file, say its own number and be of a kind that belongs
 * there. Returns what does not fit first.
 */
export function damagedPages(
  file: number,
  { roots, pageBytes, size }: { readonly roots: Roots; readonly pageBytes: number; readonly size: number },
): string | undefined {
  const pages = Math.floor(size / pageBytes);
  const page = Buffer.alloc(pageBytes);
  const pending = roots.filter((root) => root !== emptyTree).map((root) => ({ number: root, isOverflow: false }));
  // No sound file has more pointers than pages; a circle has.
  for (let visited = 0; ; visited += 1) {
    const next = pending.pop();
    if (next === undefined) return undefined;
    const name = `page ${next.number}`;
    if (next.number >= BigInt(pages)) return `${name} is missing, as the file has only ${pages}`;
    if (visited > pages) return 'its pages go in circles';
    readSync(file, page, 0, pageBytes, Number(next.number) * pageBytes);
    if (page.readBigUInt64LE(0) !== next.number) return `${name} has something else in its place`;
    const flags = page.readUInt16LE(18);
    if (next.isOverflow) {
      if ((flags & pageFlags.overflow) === 0) return `${name} has something else in its place`;
      continue;
    }
    if ((flags & (pageFlags.branch | pageFlags.leaf)) === 0) return `${name} has something else in its place`;
    for (const node of nodesOf(page)) {
      if (node === undefined) return `${name} has a broken entry`;
      if (flags & pageFlags.branch) {
        const number = BigInt(node.readUInt32LE(0)) | (BigInt(node.readUInt16LE(4)) << 32n);
        pending.push({ number, isOverflow: false });
        continue;
      }
      const data = node.subarray(nodeHeaderBytes + node.readUInt16LE(6));
      if (node.readUInt16LE(4) & nodeFlags.bigData) {
        if (data.length < 24) return `${name} has a broken entry`;
        const number = data.readBigUInt64LE(0);
        if (number + data.readBigUInt64LE(16) > BigInt(pages)) return `${name} refers to more than is there`;
        pending.push({ number, isOverflow: true });
      } else if (node.readUInt16LE(4) & nodeFlags.table) {
        if (data.length < rootOffset + 8) return `${name} has a broken entry`;
        const root = data.readBigUInt64LE(rootOffset);
        if (root !== emptyTree) pending.push({ number: root, isOverflow: false });
      }
    }
  }
}

/** Each entry of a page, from its start to the end of the page; undefined for one that is not in the page. */
function* nodesOf(page: Buffer): Generator<Buffer | undefined> {
  const count = page.readUInt16LE(20) >> 1;
  for (let index = 0; index < count; index += 1) {
    const pointer = headerBytes + 2 * index;
    const start = pointer + 2 <= page.length ? headerBytes + page.readUInt16LE(pointer) : page.length;
    const node = page.subarray(start);
    yield node.length >= nodeHeaderBytes && node.length >= nodeHeaderBytes + node.readUInt16LE(6) ? node : undefined;
  }
}
