/** What names and numbers of lines say. Pure. */

/** The name in a run's id, as the server makes ids: a name, and ten digits to the base 32. */
export function nameOf(id: string): string {
  return id.replace(/-[0-9a-hjkmnp-tv-z]{10}$/, '');
}

/** The number of a cell's first line, when `code` ends it and begins with line `at`. */
export function firstLine(cell: string, code: string, at: number): number {
  const count = (text: string) => text.replace(/\n+$/, '').split('\n').length;
  return at - (count(cell) - count(code));
}
