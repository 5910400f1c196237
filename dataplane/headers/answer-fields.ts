import { type Field, type Fields, field } from './fields.ts';
import { endToEnd } from './hop-by-hop.ts';

/**
 * The fields of an instance's answer that go to the client, the same from every lane: without what was meant for the
 * instance's connection only, and with the time where the instance did not say it (RFC 9110 section 6.6.1). The length of
 * the body stays where it was; how a body without one is framed is for the client's connection.
 */
export function answerFields(incoming: Fields, status: number): Field[] {
  // RFC 9110 section 8.6: a 204 has no length.
  const fields = status === 204 ? endToEnd(incoming).filter(({ key }) => key !== 'content-length') : endToEnd(incoming);
  for (const { key } of fields) if (key === 'date') return fields;
  fields.push({ name: 'Date', key: 'date', value: httpDate() });
  return fields;
}

/** What could change how a message is read must not come after it (RFC 9110 section 6.5.1). */
const notInTrailers: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'expires',
  'host',
  'location',
  'retry-after',
  'set-cookie',
  'vary',
]);

/** The trailers of an instance's answer that go to the client. */
export function trailerFields(incoming: Fields): Field[] {
  return endToEnd(incoming).filter(({ key }) => !notInTrailers.has(key));
}

let date: string | undefined;

/** The present time as HTTP writes it, to the second (RFC 9110 section 5.6.7). The same string until the second is over. */
export function httpDate(): string {
  if (date === undefined) {
    const now = new Date();
    date = now.toUTCString();
    setTimeout(forgetDate, 1_000 - now.getMilliseconds()).unref();
  }
  return date;
}

function forgetDate(): void {
  date = undefined;
}

export const connectionClose = field('Connection', 'close');
