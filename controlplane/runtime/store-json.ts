import * as z from 'zod';

/** What a key of the store holds, or why it cannot be understood. */
export type Stored<T> = { readonly value: T } | { readonly fault: string };

/** Reads a JSON value of the store, which others may have written. */
export function readStored<T>(schema: z.ZodType<T>, text: string): Stored<T> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // What the parser says of it repeats a part of it, and that may be a secret of an environment.
    return { fault: 'it is no JSON' };
  }
  const result = schema.safeParse(json);
  return result.success ? { value: result.data } : { fault: z.prettifyError(result.error) };
}
