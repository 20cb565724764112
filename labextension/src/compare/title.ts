/** Which runs a page compares, and what its tab is called. Pure, and loaded with JupyterLab. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { MOST_COMPARED } from '../tokens';
import { endOf, nameOf } from '../ui/names';

/** So many runs stand in a tab's title. */
const MOST_TITLED = 3;

/** The runs of a page's id: `a,b,c`; each once. */
export function runsOf(id: string): string[] {
  return [
    ...new Set(
      id
        .split(',')
        .map(one => one.trim())
        .filter(Boolean)
    )
  ].slice(0, MOST_COMPARED);
}

/** What a page's tab is called: the runs by name, and by the ends of their ids. */
export function comparison(runs: readonly string[], trans: TranslationBundle): string {
  if (!runs.length) {
    return trans.__('Compare runs');
  }
  const few = runs.slice(0, MOST_TITLED);
  const names = new Set(few.map(nameOf));
  const said =
    names.size === 1
      ? `${nameOf(few[0])} ${few.map(endOf).filter(Boolean).join(', ')}`
      : few.map(run => `${nameOf(run)} ${endOf(run)}`.trim()).join(', ');
  const more = runs.length - few.length;
  return more
    ? trans.__('Compare %1 +%2', said.trim(), more)
    : trans.__('Compare %1', said.trim());
}
