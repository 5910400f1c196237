import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import * as z from 'zod';
import { formatLocation } from '../../controlplane/runtime/source/location/location.ts';
import { parseLocation } from '../../controlplane/runtime/source/location/parse.ts';
import { parseTcpAddress, type TcpAddress } from '../../proto/channel/address.ts';
import { duration } from './duration.ts';

// What the text of a setting may be, and what becomes of it.

export const tcpAddress = z.string().transform((text, context): TcpAddress => {
  try {
    return parseTcpAddress(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
    return z.NEVER;
  }
});

export const loopbackAddress = tcpAddress.refine(
  ({ host }) => host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.')),
  {
    message: 'it may listen on the loopback only, such as 127.0.0.1:2379: whoever reaches it can register services',
  },
);

export const path = z.string().min(1, 'it needs a path').transform(expandPath);

export function expandPath(text: string): string {
  return resolve(text === '~' || text.startsWith('~/') ? homedir() + text.slice(1) : text);
}

/** "a,b , c" → ["a", "b", "c"]. */
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

export const network = z.string().refine(isNetwork, {
  error: ({ input }) => `"${String(input)}" is neither an IP address nor a network such as 10.0.0.0/8`,
});

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

const longestWaitMs = 60 * 60_000;
export const wait = duration.refine((ms) => ms <= longestWaitMs, { error: 'it is more than 60m' });
export const timeout = wait.refine((ms) => ms > 0, { error: 'it may not be 0' });

/** "off" → undefined; anything else as the schema has it, with its own messages. */
export const offOr = <Output>(schema: z.ZodType<Output, string>) =>
  z.string().transform((text, context): Output | undefined => {
    if (text === 'off') return undefined;
    const result = schema.safeParse(text);
    if (result.success) return result.data;
    for (const { message } of result.error.issues) context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

/** A git repository by what `micro run` takes, or by a path, which becomes a file:// URL. */
export const gitRepository = z.string().transform((text, context) => {
  const isPath = /^[.~/]/.test(text);
  try {
    const location = parseLocation(isPath ? `file://${expandPath(text)}` : text);
    if (location.type === 'git') return formatLocation(location);
    context.addIssue({ code: 'custom', message: `"${text}" is neither a git URL nor host/owner/repository` });
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
  }
  return z.NEVER;
});

export const host = z
  .string()
  .refine((text) => isIP(text) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text), {
    error: ({ input }) => `"${String(input)}" is neither an IP address nor the name of a host`,
  })
  .refine((text) => !/^(0\.0\.0\.0|::)$/.test(text), {
    error: 'it is one address, at which the other nodes find this one',
  });

/** "b", "b:8083" or "[::1]:8083". */
export const nodeAddress = z.string().transform((text, context): { readonly host: string; readonly port?: number } => {
  const bare = host.safeParse(text);
  if (bare.success) return { host: bare.data };
  const result = tcpAddress.safeParse(text);
  if (result.success && host.safeParse(result.data.host).success && result.data.port !== 0) return result.data;
  context.addIssue({
    code: 'custom',
    message: `"${text}" is no node: write host or host:port, the port being its --control`,
  });
  return z.NEVER;
});

export const port = (error: string) =>
  z
    .string()
    .regex(/^\d{1,5}$/, { error })
    .transform(Number)
    .refine((number) => number > 0 && number <= 65_535, { error });
