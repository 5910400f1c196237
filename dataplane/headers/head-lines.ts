import { type Fields, grouped } from './fields.ts';

/** Fields as they stand in a head of HTTP/1.1, each with its line end, without the empty line after the last. */
export function headLines(fields: Fields): string {
  let lines = '';
  for (const { name, value } of grouped(fields)) lines += `${name}: ${value}\r\n`;
  return lines;
}
