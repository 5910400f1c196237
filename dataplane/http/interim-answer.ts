import type { Fields } from '../headers/fields.ts';
import { headLines } from '../headers/head-lines.ts';
import { endToEnd } from '../headers/hop-by-hop.ts';
import { maxInterimAnswers } from '../limits.ts';

/**
 * Whether a client gets to see an interim answer (RFC 9110 section 15.2). That it may go on with its body (100) is not
 * for the instance to say, as the instance was not asked that; to switch protocols (101) is no interim answer.
 */
export function isPassedOn(status: number): boolean {
  return status > 101 && status < 200;
}

/** Why an instance failed that sends interim answers without end. */
export const tooManyInterims = `more than ${maxInterimAnswers} interim answers`;

/** An interim answer as a client on HTTP/1.1 gets it, as latin1. */
export function interimHead(status: number, reason: string, fields: Fields): string {
  return `HTTP/1.1 ${status} ${reason}\r\n${headLines(endToEnd(fields))}\r\n`;
}
