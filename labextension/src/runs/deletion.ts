/** What is asked before a run is deleted. Pure. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { RunPaper } from '../wire';

/** The question; where it made a model, what that loses. */
export function deleteQuestion(
  { run, things }: Pick<RunPaper, 'things'> & { run: Pick<RunPaper['run'], 'outputs'> },
  trans: TranslationBundle
): string {
  const made = new Set(Object.values(run.outputs));
  const model = things.find(({ id, kind }) => kind === 'model' && made.has(id));
  return model
    ? trans.__(
        'Delete it for good? The %1 stays; the run that it came from goes.',
        model.label
      )
    : trans.__('Delete it for good?');
}
