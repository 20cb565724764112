/** What a cell that is run as a job is called, when nobody said. Pure. */

const LONGEST = 40;

/**
 * The notebook's name as a run may be called; with a number when another cell has it already.
 *
 * Cells of one name would be versions of one model, which is not what two cells mean.
 *
 * @param path of the notebook.
 * @param sources of the notebook's other cells.
 * @param others names that are not to be had.
 */
export function jobName(
  path: string,
  sources: readonly string[],
  others: readonly string[] = []
): string {
  const file = path.split('/').pop() ?? '';
  const slug = file
    .replace(/\.ipynb$/, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '');
  const base = cut(slug, LONGEST) || 'job';
  const taken = new Set([...sources.map(trained), ...others]);
  let name = base;
  for (let n = 2; taken.has(name); n++) {
    name = `${cut(base, LONGEST - 1 - String(n).length)}-${n}`;
  }
  return name;
}

function cut(text: string, length: number): string {
  return text.slice(0, length).replace(/-+$/, '');
}

/** The name that a train cell gives; empty for any other cell. */
function trained(source: string): string {
  return /^\s*%%kf[ \t]+train[ \t]+([^\s-]\S*)/.exec(source)?.[1] ?? '';
}
