import { HpackError } from './hpack-error.ts';
import { latin1 } from './latin1.ts';

/**
 * Bits of the code of each octet, and in the end of EOS (RFC 7541 appendix B). They are all there is to know: the code is
 * canonical, which means that codes of one length follow each other in the order of their octets, and shorter ones come
 * before longer ones.
 */
const codeLengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
];

const endOfString = 256;

/** A place between two bits: what was read since the last octet was complete. What each bit leads to, node or octet. */
type Node = [zero: Node | number | undefined, one: Node | number | undefined];

function codeTree(): Node {
  const root: Node = [undefined, undefined];
  let code = 0;
  for (let length = 1; length <= 30; length += 1) {
    code *= 2;
    for (let octet = 0; octet <= endOfString; octet += 1) {
      if (codeLengths[octet] !== length) continue;
      let node = root;
      for (let bit = length - 1; bit > 0; bit -= 1) node = (node[(code >> bit) & 1] ??= [undefined, undefined]) as Node;
      node[code & 1] = octet;
      code += 1;
    }
  }
  return root;
}

/** States up to this one have read ones alone, at most seven: what a string may be padded with (RFC 7541 section 5.2). */
const lastPadding = 7;

/** The state after EOS, which no string may contain: nothing leads out of it, and nothing may end in it. */
const failed = 256;

// How the machine writes down a step: the next state times 16, so that the next bits only need to be added; whether an octet
// is complete now, as a number to count with; and which.
const stateBits = 0x1ff << 4;
const emitsBit = 13;
const octetBit = 16;

/**
 * The code as a machine that reads four bits at a time, whose step stands at `state * 16 + bits`. No code has fewer than five
 * bits, so that a step never completes two octets.
 */
function machine(): Uint32Array {
  const nodes: Node[] = [];
  // The way of ones first, so that its nodes are the states 0, 1, 2 and so on.
  for (let node: Node | number | undefined = codeTree(); Array.isArray(node); node = node[1]) nodes.push(node);
  for (const node of nodes) for (const next of node) if (Array.isArray(next) && !nodes.includes(next)) nodes.push(next);
  const root = nodes[0] as Node;

  const steps = new Uint32Array((failed + 1) * 16).fill(failed << 4);
  for (const [state, start] of nodes.entries()) {
    for (let bits = 0; bits < 16; bits += 1) {
      let node = start;
      let emitted = 0;
      let ended = false;
      for (let bit = 3; bit >= 0; bit -= 1) {
        const next = node[(bits >> bit) & 1] as Node | number;
        if (Array.isArray(next)) {
          node = next;
          continue;
        }
        if (next === endOfString) ended = true;
        else emitted = (1 << emitsBit) | (next << octetBit);
        node = root;
      }
      if (!ended) steps[state * 16 + bits] = emitted | (nodes.indexOf(node) << 4);
    }
  }
  return steps;
}

const steps = machine();

/** Where octets are put before they become a string; most strings are far shorter. */
const shared = Buffer.allocUnsafeSlow(4_096);

/**
 * Decodes the string `from[start..end)`.
 *
 * @throws HpackError for one that contains EOS, or ends in anything but at most seven ones
 */
export function huffmanDecoded(from: Buffer, start: number, end: number): string {
  // At least five bits an octet, and room for one that is written but does not count.
  const most = Math.ceil(((end - start) * 8) / 5) + 1;
  const into = most <= shared.length ? shared : Buffer.allocUnsafe(most);
  let length = 0;
  let state = 0;
  for (let at = start; at < end; at += 1) {
    const octet = from[at] as number;
    // Written whether complete or not: a branch would be guessed wrong every other time.
    const upper = steps[state + (octet >> 4)] as number;
    into[length] = upper >> octetBit;
    length += (upper >> emitsBit) & 1;
    const lower = steps[(upper & stateBits) + (octet & 0xf)] as number;
    into[length] = lower >> octetBit;
    length += (lower >> emitsBit) & 1;
    state = lower & stateBits;
  }
  if (state > lastPadding << 4)
    throw new HpackError('a Huffman string contains EOS or is not padded with at most seven ones');
  return latin1(into, 0, length);
}
