/** Whether a notebook loads our magics, and the cells to insert where it does not. Pure. */

export const LOAD = '%load_ext jupyter_kf';

export function loads(source: string): boolean {
  return source.includes(LOAD);
}

/** A cell; before it the one that loads our magics, unless one of `sources` does. */
export function withLoad(cell: string, sources: readonly string[]): string[] {
  return sources.some(loads) ? [cell] : [LOAD, cell];
}
