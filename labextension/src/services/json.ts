/**
 * JSON with whole numbers of any size: JavaScript makes 9007199254740992 of 9007199254740993.
 *
 * What is read is a text where a number would not be what was sent; pages show it as it is, and
 * `Number` makes the nearest of it where it is drawn. What is written may be a bigint. Pure.
 */

/** So many digits may be too many, where no fraction and no exponent belongs to them. */
const LARGE = /(?<![\d.])\d{16,}(?![\d.eE])/;
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** Stands before a bigint's digits until they are written. */
const MARK = '\u0000bigint ';
const MARKED = /"\\u0000bigint (-?\d+)"/g;

export function parse<T>(text: string): T {
  return JSON.parse(LARGE.test(text) ? text.replace(TOKENS, quoted) : text) as T;
}

function quoted(token: string): string {
  return /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token))
    ? `"${token}"`
    : token;
}

export function write(value: unknown, indent?: number): string {
  const marked = (_: string, one: unknown) =>
    typeof one === 'bigint' ? `${MARK}${one}` : one;
  return JSON.stringify(value, marked, indent).replace(MARKED, '$1');
}

/** A whole number as it is typed, of any size; undefined for a text that is none. */
export function whole(text: string): number | bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) {
    return undefined;
  }
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text.replace(/^\+/, ''));
}
