import type { Fields } from '../../headers/fields.ts';
import { headLines } from '../../headers/head-lines.ts';
import type { Origin } from '../../headers/origin.ts';
import { ownFields, type RoutedBy, recurringFields } from '../../headers/request-fields.ts';
import { requestFramingField } from '../framing.ts';
import type { RequestHead } from './request-head.ts';

/**
 * Writes the heads that the requests of one client's connection get on their way to instances. From one request to the next
 * the headers seldom differ: what was made of the last ones is used again.
 */
export class RequestTexts {
  #fields: Fields | undefined;
  #prefix = '';
  #recurring = '';

  of({ method, fields, framing }: RequestHead, origin: Origin, route: RoutedBy & { readonly target: string }): string {
    if (fields !== this.#fields || route.prefix !== this.#prefix) {
      this.#fields = fields;
      this.#prefix = route.prefix;
      this.#recurring = headLines(recurringFields(fields, origin, route));
    }
    const own = ownFields(fields, origin);
    const framingField = requestFramingField(method, framing);
    const lines = headLines(framingField ? [...own, framingField] : own);
    return `${method} ${route.target} HTTP/1.1\r\n${this.#recurring}${lines}\r\n`;
  }
}
