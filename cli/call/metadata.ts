import { Metadata } from '@grpc/grpc-js';
import { UsageError } from '../errors.ts';

/**
 * Reads KEY=VALUE pairs. The value of a key that ends in "-bin" is base64.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
 *
 * @throws UsageError with every problem
 */
export function readMetadata(pairs: readonly string[]): Metadata {
  const metadata = new Metadata();
  const problems: string[] = [];
  for (const pair of pairs) {
    const [, key, value = ''] = /^([\w.-]+)=(.*)$/s.exec(pair) ?? [];
    // The value may be a secret: it is not repeated.
    if (key === undefined) {
      problems.push(`--metadata: "${pair.split('=')[0]}" is not KEY=VALUE`);
      continue;
    }
    try {
      metadata.add(key, key.toLowerCase().endsWith('-bin') ? Buffer.from(value, 'base64') : value);
    } catch {
      problems.push(`--metadata: the value of "${key}" is not ASCII: send it as ${key}-bin=BASE64`);
    }
  }
  if (problems.length > 0) throw new UsageError(problems.join('\n  '));
  return metadata;
}
