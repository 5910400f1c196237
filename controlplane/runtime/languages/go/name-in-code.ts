import { readTokens, type Token } from './tokens.ts';

/** Packages of go-micro and micro that make services, as they are called where they are imported without another name. */
const makers = ['micro', 'service', 'web', 'grpc'];

/**
 * Finds the name that a service of go-micro or micro gives itself in its code, which is read and not run:
 *
 * - `micro.NewService(micro.Name("…"))`, `service.New(service.Name("…"))`, `web.NewService(web.Name("…"))`
 * - `service.New("…")`, `micro.New("…")`, `micro.NewService("…")`
 *
 * A constant or variable of the same sources that is set to a string stands for it, and a package that is imported under
 * another name counts by that. A name that is put together when the program runs is not found.
 *
 * @param sources texts of Go files of one package, the most telling one first
 */
export function nameInCode(sources: readonly string[]): string | undefined {
  const files = sources.map((source) => [...readTokens(source)]);
  const constants = new Map(files.flatMap(stringsThatAreSet));
  for (const tokens of files) {
    const packages = new Set([...makers, ...otherNamesOfMakers(tokens)]);
    for (const [index, token] of tokens.entries()) {
      if (token.type !== 'identifier' || !packages.has(token.text) || isText(tokens[index - 1], '.')) continue;
      const [dot, made, open, value, after] = tokens.slice(index + 1, index + 6);
      const names = made?.type === 'identifier' && ['Name', 'New', 'NewService'].includes(made.text);
      // What follows shows that the value is all of it: "go.micro." + name is not.
      if (!isText(dot, '.') || !names || !isText(open, '(') || !(isText(after, ')') || isText(after, ','))) continue;
      const name = value?.type === 'string' ? value.text : value?.type === 'identifier' && constants.get(value.text);
      if (typeof name === 'string') return name;
    }
  }
  return undefined;
}

/** `name = "…"`, `name := "…"`, `name string = "…"`: what each of these stands for, where it is the whole value. */
function stringsThatAreSet(tokens: readonly Token[]): [string, string][] {
  const found: [string, string][] = [];
  for (const [index, token] of tokens.entries()) {
    if (!isText(token, '=')) continue;
    const value = tokens[index + 1];
    const after = tokens[index + 2];
    if (value?.type !== 'string' || isText(after, '+')) continue;
    const before = isText(tokens[index - 1], ':') ? index - 2 : index - 1;
    const name = tokens[isText(tokens[before], 'string') ? before - 1 : before];
    if (name?.type === 'identifier') found.push([name.text, value.text]);
  }
  return found;
}

/** The names under which packages of go-micro or micro are imported: `gomicro "go-micro.dev/v5"`. */
function otherNamesOfMakers(tokens: readonly Token[]): string[] {
  return tokens.flatMap((token, index) => {
    const path = tokens[index + 1];
    const isImport =
      token.type === 'identifier' && path?.type === 'string' && /(^|[/.-])micro([/.-]|$)/.test(path.text);
    return isImport ? [token.text] : [];
  });
}

function isText(token: Token | undefined, text: string): boolean {
  return token !== undefined && token.type !== 'string' && token.text === text;
}
