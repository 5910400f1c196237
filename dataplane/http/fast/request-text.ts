import type { Fields } from '../../headers/fields.ts';
import { headLines } from '../../headers/head-lines.ts';
import type { Origin } from '../../headers/origin.ts';
import { type RoutedBy, recurringFields, traceparentIn } from '../../headers/request-fields.ts';
import { newTraceparent } from '../../headers/trace.ts';
import { requestFramingField } from '../framing.ts';
import { flat } from './flat.ts';
import type { RequestHead } from './request-head.ts';

/**
 * Writes the heads that the requests of one client's connection get on their way to instances. From one request to the next
 * the headers seldom differ: what was made of the last ones is used again.
 */
export class RequestTexts {
  #fields: Fields | undefined;
  #prefix = '';
  #recurring = '';
  #traceparent: string | undefined;

  of({ method, fields, framing }: RequestHead, origin: Origin, route: RoutedBy & { readonly target: string }): string {
    if (fields !== this.#fields || route.prefix !== this.#prefix) {
      this.#fields = fields;
      this.#prefix = route.prefix;
      this.#recurring = flat(`${headLines(recurringFields(fields, origin, route))}X-Request-Id: `);
      this.#traceparent = traceparentIn(fields);
    }
    const traceparent = this.#traceparent ?? newTraceparent();
    const text = `${method} ${route.target} HTTP/1.1\r\n${this.#recurring}${origin.requestId}\r\ntraceparent: ${traceparent}\r\n`;
    const framingField = requestFramingField(method, framing);
    return framingField ? `${text}${framingField.name}: ${framingField.value}\r\n\r\n` : `${text}\r\n`;
  }
}
