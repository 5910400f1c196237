const byteUnits: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};

/**
 * Reads an amount of memory as Kubernetes writes it: "256Mi", "1.5G", or plain bytes.
 *
 * @returns bytes; `undefined` for anything else
 */
export function parseBytes(text: string): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,15}(?:\.\d{1,3})?)([kMG]|[KMG]i)?$/.exec(text) ?? [];
  return digits === undefined ? undefined : Math.floor(Number(digits) * (byteUnits[unit] ?? 1));
}

/**
 * Reads an amount of processor time as Kubernetes writes it: "0.5" cores, or "500m" of a thousand.
 *
 * @returns cores; `undefined` for anything else
 */
export function parseCores(text: string): number | undefined {
  const [, digits, milli] = /^(\d{1,6}(?:\.\d{1,3})?)(m)?$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return milli === undefined ? Number(digits) : Number(digits) / 1000;
}
