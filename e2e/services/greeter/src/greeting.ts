/** "Hello, Ada!", "Hello, Ada and Alan!", "Hello, Ada, Alan and Grace!". */
export function greet(names: readonly string[]): string {
  const greeting = process.env['GREETING'] ?? 'Hello';
  return `${greeting}, ${new Intl.ListFormat('en-GB').format(names)}!`;
}
