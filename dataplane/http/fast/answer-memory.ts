import { STATUS_CODES } from 'node:http';
import { answerFields, connectionClose, httpDate } from '../../headers/answer-fields.ts';
import { headLines } from '../../headers/head-lines.ts';
import { transferEncodingChunked } from '../framing.ts';
import { flat } from './flat.ts';
import { headText, latin1 } from './head-text.ts';
import { type AnswerHead, type AnswerHeadReading, readAnswerHead } from './answer-head.ts';

const closeLine = headLines([connectionClose]);
const chunkedLine = headLines([transferEncodingChunked]);

/**
 * The head of the last answer on a connection to an instance, and what was made of it. Answers that follow each other
 * within a second are often alike up to their bodies: then nothing is read or made anew.
 */
export class AnswerMemory {
  #text = '';
  #isOfHeadRequest = false;
  #reading: AnswerHeadReading | undefined;
  #writtenHead: AnswerHead | undefined;
  #writtenAt = '';
  #written = '';

  /** As `readAnswerHead`, of bytes; the head is the same object where it was the last one too. */
  read(bytes: Buffer, from: number, to: number, method: string): AnswerHeadReading {
    const isOfHeadRequest = method === 'HEAD';
    const end = from + this.#text.length;
    // Two texts of one length are compared many characters at a time, one with the beginning of another one by one.
    if (
      this.#reading &&
      isOfHeadRequest === this.#isOfHeadRequest &&
      end <= to &&
      latin1(bytes, from, end) === this.#text
    )
      return this.#reading;
    const text = headText(bytes, from, to);
    const reading = readAnswerHead(text, method);
    if (reading.kind === 'head') {
      this.#text = flat(text.slice(0, reading.length));
      this.#isOfHeadRequest = isOfHeadRequest;
      this.#reading = reading;
    }
    return reading;
  }

  /** The head as the client gets it. */
  write(head: AnswerHead, close: boolean): string {
    const date = httpDate();
    if (head !== this.#writtenHead || date !== this.#writtenAt) {
      const { status, reason, fields } = head;
      this.#writtenHead = head;
      this.#writtenAt = date;
      // What Node says, in the full lane.
      const phrase = reason === '' ? (STATUS_CODES[status] ?? 'unknown') : reason;
      this.#written = flat(`HTTP/1.1 ${status} ${phrase}\r\n${headLines(answerFields(fields, status))}`);
    }
    const isChunked = head.framing.kind === 'chunked' || head.framing.kind === 'close';
    return `${this.#written}${close ? closeLine : ''}${isChunked ? chunkedLine : ''}\r\n`;
  }
}
