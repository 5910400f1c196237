/**
 * One field of a header list: its name and its value, one character for each octet (latin1).
 *
 * `neverIndexed` stands for a secret that no one on the way may keep in a table; whoever sends the field on has to say so
 * again (RFC 7541 section 6.2.3).
 */
export type Field = readonly [name: string, value: string, neverIndexed?: true];
