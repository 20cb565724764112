/** What ends a run: a word for it, the question, and the deed. Pure but for the requests. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IRuns } from '../services/runs';
import { ENDED } from '../services/validate';
import { kindWord } from '../ui/kinds';
import { endOf } from '../ui/names';
import type { RunRow } from '../wire';

type Told = Pick<RunRow, 'id' | 'kind' | 'state'>;

export interface IEnding {
  /** What the button says. */
  label: string;
  question: string;
  yes: string;
}

/** How one run is ended, or deleted when it has ended: by kind, name and the end of its id. */
export function endingOf(
  run: Told & Pick<RunRow, 'name'>,
  trans: TranslationBundle
): IEnding {
  const kind = kindWord(run.kind, trans);
  const which = [run.name, endOf(run.id)].filter(Boolean).join(' ');
  if (ENDED.has(run.state)) {
    return {
      label: trans.__('Delete'),
      question: trans.__('Delete the %1 run %2 for good?', kind, which),
      yes: trans.__('Delete')
    };
  }
  return run.kind === 'serve'
    ? {
        label: trans.__('Stop'),
        question: trans.__('Stop the %1 run %2?', kind, which),
        yes: trans.__('Stop it')
      }
    : {
        label: trans.__('Cancel'),
        question: trans.__('Cancel the %1 run %2?', kind, which),
        yes: trans.__('Cancel it')
      };
}

/** How those of several runs that go on are ended, and the others deleted; none of no run. */
export function endingsOf(
  runs: readonly Told[],
  trans: TranslationBundle
): (IEnding & { ids: string[] })[] {
  const [going, over] = [false, true].map(ended =>
    runs.filter(({ state }) => ENDED.has(state) === ended).map(({ id }) => id)
  );
  const mixed = going.length > 0 && over.length > 0;
  return [
    {
      ids: going,
      label: mixed ? trans.__('Cancel %1', going.length) : trans.__('Cancel'),
      question: trans._n('Cancel %1 run?', 'Cancel %1 runs?', going.length),
      yes: trans.__('Cancel them')
    },
    {
      ids: over,
      label: mixed ? trans.__('Delete %1', over.length) : trans.__('Delete'),
      question: trans._n(
        'Delete %1 run for good?',
        'Delete %1 runs for good?',
        over.length
      ),
      yes: trans.__('Delete')
    }
  ].filter(({ ids }) => ids.length);
}

/** Ends each of them, or deletes it when it has ended; the first refusal is thrown at the end. */
export async function endAll(runs: IRuns, all: readonly Told[]): Promise<void> {
  const done = await Promise.allSettled(
    all.map(({ id, state }) => (ENDED.has(state) ? runs.remove(id) : runs.cancel(id)))
  );
  const refused = done.find(one => one.status === 'rejected');
  if (refused) {
    throw (refused as PromiseRejectedResult).reason;
  }
}
