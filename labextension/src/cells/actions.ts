/** Changes to notebooks; always through the shared model, so that they can be undone. */
import { Notification } from '@jupyterlab/apputils';
import {
  type INotebookTracker,
  NotebookActions,
  NotebookPanel
} from '@jupyterlab/notebook';
import { KfError } from '../services/rest';
import type { IContext } from '../ui/context';

const LOAD = '%load_ext jupyter_kf';

/** Inserts a cell below the active one; in a new notebook when none is open. */
export async function insertCell(
  context: IContext,
  tracker: INotebookTracker,
  text: string
): Promise<void> {
  const panel = tracker.currentWidget ?? (await newNotebook(context));
  if (!panel) {
    return;
  }
  await panel.context.ready;
  const { content } = panel;
  const active = content.activeCell?.model;
  if (active?.type === 'code' && active.sharedModel.getSource().trim() === '') {
    active.sharedModel.setSource(text);
  } else {
    NotebookActions.insertBelow(content);
    content.activeCell!.model.sharedModel.setSource(text);
  }
  const cell = content.activeCell;
  if (cell) {
    await content.scrollToCell(cell).catch(() => undefined);
    content.mode = 'edit';
    cell.editor?.focus();
  }
}

/** A train cell is run; any other code becomes one, for the user to look at and run. */
export async function runCellAsJob(
  context: IContext,
  tracker: INotebookTracker
): Promise<void> {
  const panel = tracker.currentWidget;
  const model = tracker.activeCell?.model;
  if (!panel || model?.type !== 'code') {
    return;
  }
  const source = model.sharedModel.getSource();
  if (/^\s*%%?kf\b/.test(source)) {
    await NotebookActions.run(panel.content, panel.sessionContext);
    return;
  }
  const { kf, trans } = context;
  try {
    const asked = { verb: 'train', fields: { name: nameOf(panel) }, code: source };
    const { cell } = await kf.rest.post<{ cell: string }>('cells', asked);
    model.sharedModel.setSource(cell);
  } catch (failure) {
    const told = failure instanceof KfError ? failure.problem : null;
    Notification.error(
      told ? [told.message, told.fix].filter(Boolean).join('. ') : String(failure)
    );
    return;
  }
  const loaded = [...panel.content.widgets].some(({ model: other }) =>
    other.sharedModel.getSource().includes(LOAD)
  );
  if (!loaded) {
    Notification.info(
      trans.__('The notebook needs %1 in a cell that was run before.', LOAD)
    );
  }
}

export async function startNotebook(context: IContext): Promise<void> {
  const panel = await newNotebook(context);
  if (panel) {
    await panel.context.ready;
    panel.content.activeCell?.model.sharedModel.setSource(LOAD);
  }
}

/** A new notebook with the server's default kernel; the user asked for one, so it starts. */
async function newNotebook({ commands }: IContext): Promise<NotebookPanel | null> {
  const made = await commands.execute('notebook:create-new', {
    kernelId: '',
    kernelName: ''
  });
  return made instanceof NotebookPanel ? made : null;
}

/** The notebook's name as a run may be called: letters, digits, dashes. */
export function nameOf(panel: { context: { path: string } }): string {
  const file = panel.context.path.split('/').pop() ?? '';
  const slug = file
    .replace(/\.ipynb$/, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '');
  return slug.slice(0, 40) || 'job';
}
