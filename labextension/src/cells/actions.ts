/** Changes to notebooks; always through the shared model, so that they can be undone. */
import { Notification } from '@jupyterlab/apputils';
import {
  type INotebookTracker,
  NotebookActions,
  NotebookPanel
} from '@jupyterlab/notebook';
import { KfError } from '../services/rest';
import type { IInserted } from '../tokens';
import type { IContext } from '../ui/context';
import type { Draft } from '../wire';
import { freeName } from './freename';
import { CellLife, fixed } from './life';
import { isOurs, LOAD, loading, Ours } from './loading';
import { jobName } from './naming';

const MARK_MS = 2_000;

const ours = new Ours();

NotebookActions.executionScheduled.connect((_, { notebook, cell: { model } }) => {
  const panel = notebook.parent; // the panel is its parent, and knows the kernel
  const kernel =
    panel instanceof NotebookPanel ? panel.sessionContext.session?.kernel : null;
  const source = model.sharedModel.getSource();
  ours.runs({ id: model.id, source, kernel: kernel ?? null });
});

/** Notebooks, and how one is brought to the front. */
export interface INotebooks {
  tracker: INotebookTracker;
  show: (panel: NotebookPanel) => void;
  /** The server's default kernel; '' where it has none. */
  kernel: () => string;
  /** Makes a notebook of these cells in another tab: null where this window has room for it. */
  elsewhere: ((cells: readonly string[]) => Promise<string>) | null;
}

export interface IInsertion {
  cell: string;
  /** The notebook that it belongs to, by its path: used when it is open, or when none is. */
  notebook?: string;
  /** Id of the cell below which it goes; below the active one when it isn't there. */
  below?: string;
}

/** Inserts a cell, shows it and follows where it is; in a new notebook when none is open here. */
export async function insertCell(
  context: IContext,
  notebooks: INotebooks,
  { cell, notebook, below }: IInsertion
): Promise<IInserted | null> {
  const { tracker, show, elsewhere } = notebooks;
  const here = open(tracker, notebook) ?? tracker.currentWidget;
  if (!here && elsewhere) {
    const cells = [LOAD, cell];
    return fixed({ path: await elsewhere(cells), place: cells.length });
  }
  const known = here ?? (notebook ? await opened(context, notebook) : null);
  const panel = known ?? (await newNotebook(context, notebooks));
  if (!panel) {
    return null;
  }
  await panel.revealed;
  await panel.context.ready;
  show(panel);
  const { content } = panel;
  const at = content.widgets.findIndex(({ model }) => below && model.id === below);
  if (at >= 0) {
    content.activeCellIndex = at;
  }
  put(content, cell);
  ours.add(content.activeCell!.model.id);
  // A kernel that is at work answers later, and so will the cell.
  void load(panel).catch(() => undefined);
  await reveal(panel);
  return new CellLife(panel, content.activeCell!.model.id);
}

/** Into the active cell where that is empty code, else into a new one below it. */
function put(content: NotebookPanel['content'], source: string): void {
  const active = content.activeCell?.model;
  if (active?.type !== 'code' || active.sharedModel.getSource().trim() !== '') {
    NotebookActions.insertBelow(content);
  }
  content.activeCell!.model.sharedModel.setSource(source);
}

/** Shows a cell of a notebook, which is opened if need be; the notebook alone without the cell. */
export async function showCell(
  context: IContext,
  { tracker, show }: INotebooks,
  path: string,
  cell: string
): Promise<void> {
  const panel = open(tracker, path) ?? (await opened(context, path));
  if (!panel) {
    return; // it is in another tab of the browser: Notebook 7
  }
  await panel.revealed;
  await panel.context.ready;
  show(panel);
  const at = panel.content.widgets.findIndex(({ model }) => model.id === cell);
  if (at >= 0) {
    panel.content.activeCellIndex = at;
    await reveal(panel);
  }
}

/** The active cell in view, with a mark for a moment and the cursor in it. */
async function reveal({ content }: NotebookPanel): Promise<void> {
  const cell = content.activeCell;
  if (!cell) {
    return;
  }
  content.deselectAll();
  await content.scrollToCell(cell, 'center').catch(() => undefined);
  content.mode = 'edit';
  cell.editor?.focus();
  cell.addClass('jp-Kf-shown');
  window.setTimeout(() => cell.isDisposed || cell.removeClass('jp-Kf-shown'), MARK_MS);
}

function open(tracker: INotebookTracker, path?: string): NotebookPanel | undefined {
  return path ? tracker.find(({ context }) => context.path === path) : undefined;
}

/** A notebook that was opened; null when it is not there, or not in this window. */
async function opened(
  { commands }: IContext,
  path: string
): Promise<NotebookPanel | null> {
  const made = await commands.execute('docmanager:open', { path });
  return made instanceof NotebookPanel && !made.isDisposed ? made : null;
}

/** Runs the active cell as a job; code that is no magic cell becomes a train cell first. */
export async function runCellAsJob(
  context: IContext,
  { tracker }: INotebooks
): Promise<void> {
  const panel = tracker.currentWidget;
  const model = tracker.activeCell?.model;
  if (!panel || model?.type !== 'code') {
    return;
  }
  const source = model.sharedModel.getSource();
  if (!isOurs(source)) {
    try {
      const others = panel.content.widgets.map(one =>
        one.model.sharedModel.getSource()
      );
      const { path } = panel.context;
      const name = await freeName(context.kf.rest, path, taken =>
        jobName(path, others, taken)
      );
      const asked = { verb: 'train', fields: { name }, code: source };
      const { cell, problems } = await context.kf.rest.post<Draft>('cells', asked);
      if (cell === null) {
        throw new KfError(400, problems[0]);
      }
      model.sharedModel.setSource(cell);
    } catch (failure) {
      const told = failure instanceof KfError ? failure.problem : null;
      const words = told && [told.message, told.cause, told.fix].filter(Boolean);
      Notification.error(words ? words.join('. ') : String(failure));
      return;
    }
  }
  ours.add(model.id);
  await load(panel);
  await NotebookActions.run(panel.content, panel.sessionContext);
}

/** Puts a cell above the active one that loads the magics, where there is none; starts no kernel. */
async function load({ content, sessionContext }: NotebookPanel): Promise<void> {
  const kernel = sessionContext.session?.kernel;
  // A cell that is run while the kernel waits for input, or ends, would open a dialog.
  const ready = !sessionContext.pendingInput && !sessionContext.isTerminating;
  const sources = content.widgets.map(({ model }) => model.sharedModel.getSource());
  const how = loading(sources, !!kernel && ready);
  if (how === 'no') {
    return;
  }
  const cell = content.activeCell!;
  NotebookActions.insertAbove(content);
  const above = content.activeCell!;
  above.model.sharedModel.setSource(LOAD);
  content.mode = 'command';
  const ran =
    how === 'run' && NotebookActions.runCells(content, [above], sessionContext);
  content.activeCellIndex = content.widgets.indexOf(cell);
  await ran;
}

export async function startNotebook(
  context: IContext,
  notebooks: INotebooks
): Promise<void> {
  if (notebooks.elsewhere) {
    await notebooks.elsewhere([LOAD]);
    return;
  }
  const panel = await newNotebook(context, notebooks);
  if (panel) {
    await panel.context.ready;
    panel.content.activeCell?.model.sharedModel.setSource(LOAD);
  }
}

/** A new notebook with the server's default kernel; the user asked for one, so it starts. */
async function newNotebook(
  { commands }: IContext,
  { kernel }: INotebooks
): Promise<NotebookPanel | null> {
  // Without a name JupyterLab would ask for it, in a dialog.
  const made = await commands.execute('notebook:create-new', {
    kernelId: '',
    kernelName: kernel()
  });
  return made instanceof NotebookPanel ? made : null;
}
