/** Keeps a section's list current: rows change in place, the rest is fetched again. No widgets. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { Paced } from '../services/paced';
import type { IKubeflow } from '../tokens';
import type { Change } from '../wire';
import type { PagedList } from './list';
import { type IRow, type ISection, runRow } from './sections';

/** A list is fetched again no oftener than this, however much happens. */
const REFRESH_MS = 300;

export interface IFollowed {
  section: Pick<ISection, 'thing' | 'row'>;
  list: PagedList<IRow>;
  /** All of them are shown: a new one stands first. */
  plain: boolean;
}

/** Follows until what it returns is called. */
export function follow(
  kf: IKubeflow,
  trans: TranslationBundle,
  { section, list, plain }: IFollowed
): () => void {
  const refresh = new Paced(() => list.refresh(), REFRESH_MS);
  const again = () => refresh.ask();
  const onChange = (_: unknown, { thing, action, row: run }: Change) => {
    if (thing !== section.thing) {
      if (thing === 'endpoint' && section.row) {
        again(); // another of its versions may have the traffic
      }
      return;
    }
    const row =
      run && thing === 'run' ? (section.row?.(run) ?? runRow(run, trans)) : null;
    if (row && action === 'created' && plain) {
      list.insertFirst(row);
      again();
    } else if (!(row && list.replace(row)) || action !== 'changed') {
      again();
    }
  };
  kf.changed.connect(onChange);
  kf.stale.connect(again);
  return () => {
    kf.changed.disconnect(onChange);
    kf.stale.disconnect(again);
    refresh.dispose();
  };
}
