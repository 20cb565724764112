/** Lines of a piece of a log: pure, of bytes and texts. */

const NEWLINE = 10;

export function search(
  lines: readonly string[],
  wanted: string,
  from: number,
  step: 1 | -1
): number | null {
  for (let index = from; index >= 0 && index < lines.length; index += step) {
    if (lines[index].toLowerCase().includes(wanted)) {
      return index;
    }
  }
  return null;
}

export interface IPart {
  cut: number;
  upTo: number;
}

/** The part of a piece without half a line at its ends; empty when it has no whole line. */
export function wholeLines(bytes: Uint8Array, atStart: boolean, atEnd: boolean): IPart {
  const cut = atStart ? afterNewline(bytes) : 0;
  const upTo = atEnd ? lastNewline(bytes) : bytes.length;
  return { cut, upTo: Math.max(cut, upTo) };
}

/** The same; all of a piece that lies within one line, so that a reader gets through it. */
export function someLines(bytes: Uint8Array, atStart: boolean, atEnd: boolean): IPart {
  const { cut, upTo } = wholeLines(bytes, atStart, atEnd);
  return cut < upTo ? { cut, upTo } : { cut: 0, upTo: bytes.length };
}

export function split(bytes: Uint8Array): string[] {
  return linesOf(new TextDecoder().decode(bytes));
}

export function linesOf(text: string): string[] {
  return text ? text.replace(/\n$/, '').split('\n') : [];
}

export function bytesOf(lines: readonly string[]): number {
  return new TextEncoder().encode(lines.join('\n')).length + 1;
}

function afterNewline(bytes: Uint8Array): number {
  const at = bytes.indexOf(NEWLINE);
  return at < 0 ? bytes.length : at + 1;
}

function lastNewline(bytes: Uint8Array): number {
  return bytes.lastIndexOf(NEWLINE) + 1;
}
