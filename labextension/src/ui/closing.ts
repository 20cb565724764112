/** Closes the page of a run that this window deleted, so that a reload does not bring it back. */
import type { Widget } from '@lumino/widgets';
import type { IKubeflow } from '../tokens';

/** The tab goes with what is in it. What another window deleted stays, and says so. */
export function closeWhenRemoved<W extends Widget>(
  page: W,
  { runs }: Pick<IKubeflow, 'runs'>,
  id: string
): W {
  const onRemoved = (_: unknown, removed: string) => {
    if (removed === id) {
      (page.parent ?? page).dispose();
    }
  };
  runs.removed.connect(onRemoved);
  page.disposed.connect(() => runs.removed.disconnect(onRemoved));
  return page;
}
