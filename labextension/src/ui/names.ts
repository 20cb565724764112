/** What names and numbers of lines say. Pure. */

/** The name in a run's id, as the server makes ids: a name, and ten digits to the base 32. */
export function nameOf(id: string): string {
  return id.replace(/-[0-9a-hjkmnp-tv-z]{10}$/, '');
}

/** The end of a run's id, by which runs of one name are told apart; empty of other things. */
export function endOf(id: string): string {
  return id.length > nameOf(id).length ? id.slice(-4) : '';
}

/** The first characters of a digest, which are enough to tell it from others. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}

/** What a tab is called: `late · run jj85`, `late · endpoint`; a digest by its beginning. */
export function tabTitle(id: string, kind: string): string {
  const name = /^(sha256:)?[0-9a-f]{64}$/.test(id) ? shortDigest(id) : nameOf(id);
  return `${name} · ${kind} ${endOf(id)}`.trim();
}

/** The number of a cell's first line, when `code` ends it and begins with line `at`. */
export function firstLine(cell: string, code: string, at: number): number {
  const count = (text: string) => text.replace(/\n+$/, '').split('\n').length;
  return at - (count(cell) - count(code));
}

/** What means a version of a thing: `high@2`. */
export function versioned(thing: { name: string; version: number }): string {
  return `${thing.name}@${thing.version}`;
}
