/** What is seen and done in a notebook: a run's live output, "Run as job", inserted cells. */
import {
  ILabShell,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs, IKubeflow } from '../tokens';
import type { IContext } from '../ui/context';
import { runIcon } from '../ui/icons';
import type { IInsertion, INotebooks } from './actions';
import { MIME } from './reference';
import { RunOutput } from './renderer';

/** As `magics/inserting.py` has it. */
const TARGET = 'jupyter-kf:insert-cell';

export const outputPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-kf:output',
  description: 'Shows a run in the output of its cell, live.',
  autoStart: true,
  requires: [IKubeflow, IRenderMimeRegistry],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    kf: IKubeflow,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyter_kf');
    const context: IContext = { kf, trans, commands: app.commands };
    // Before text/html, which is the snapshot for viewers without this extension.
    const rank = 40;
    rendermime.addFactory(
      { safe: true, mimeTypes: [MIME], createRenderer: () => new RunOutput(context) },
      rank
    );
  }
};

export const cellsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-kf:cells',
  description: 'Runs a cell as a job, and inserts magic cells.',
  autoStart: true,
  requires: [IKubeflow, INotebookTracker],
  optional: [ITranslator, ILabShell],
  activate: (
    app: JupyterFrontEnd,
    kf: IKubeflow,
    tracker: INotebookTracker,
    translator: ITranslator | null,
    labShell: ILabShell | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyter_kf');
    const context: IContext = { kf, trans, commands: app.commands };
    const show = ({ id }: { id: string }) => app.shell.activateById(id);
    const kernel = () => app.serviceManager.kernelspecs.specs?.default ?? '';
    // Notebook 7 has one document in a window: another notebook is another tab of the browser.
    const elsewhere = labShell ? null : otherTab(app);
    const notebooks = { tracker, show, kernel, elsewhere };
    addCommands(context, notebooks);
    tracker.widgetAdded.connect((_, panel) => listen(context, notebooks, panel));
  }
};

function otherTab({ serviceManager, commands }: JupyterFrontEnd) {
  return async (cells: readonly string[]): Promise<string> => {
    const { writeElsewhere } = await import(
      /* webpackChunkName: "actions" */ './elsewhere'
    );
    const specs = serviceManager.kernelspecs.specs;
    const name = specs?.default ?? '';
    const display_name = specs?.kernelspecs[name]?.display_name ?? name;
    const kernel = name ? { name, display_name } : null;
    return writeElsewhere(serviceManager.contents, commands, kernel, cells);
  };
}

/** What the commands do is loaded when one is first given. */
function actions(): Promise<typeof import('./actions')> {
  return import(/* webpackChunkName: "actions" */ './actions');
}

/** A form of ipywidgets inserts its cell by a comm: a button in the kernel has no other way. */
function listen(context: IContext, notebooks: INotebooks, panel: NotebookPanel): void {
  const { sessionContext } = panel;
  const register = () =>
    sessionContext.session?.kernel?.registerCommTarget(
      TARGET,
      async (comm, { content }) => {
        const cell = String(content.data['cell']);
        const notebook = panel.context.path;
        const told = await (
          await actions()
        ).insertCell(context, notebooks, { cell, notebook });
        if (told) {
          comm.send({ ...told.at });
          told.dispose();
        }
        comm.close(); // alone it says that there was no place for the cell
      }
    );
  sessionContext.kernelChanged.connect(register);
  register();
}

function addCommands(context: IContext, notebooks: INotebooks): void {
  const { kf, trans, commands } = context;
  const { tracker } = notebooks;
  const text = (description: string) => ({ type: 'string', description });
  const isCode = () => tracker.activeCell?.model.type === 'code';
  commands.addCommand(CommandIDs.runCellAsJob, {
    label: trans.__('Run as Job'),
    caption: trans.__(
      'Run this cell as a job; plain code becomes a train cell, named as the notebook'
    ),
    icon: runIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    isEnabled: () => isCode() && kf.where?.may.cells !== false,
    isVisible: isCode,
    execute: async () => (await actions()).runCellAsJob(context, notebooks)
  });
  const changed = () => commands.notifyCommandChanged(CommandIDs.runCellAsJob);
  tracker.activeCellChanged.connect(changed);
  kf.whereChanged.connect(changed);
  commands.addCommand(CommandIDs.insertCell, {
    label: trans.__('Insert Kubeflow Cell'),
    describedBy: {
      args: {
        type: 'object',
        required: ['cell'],
        properties: {
          cell: text(trans.__('Text of the cell')),
          notebook: text(trans.__('Path of the notebook that it belongs to')),
          below: text(trans.__('Id of the cell above it'))
        }
      }
    },
    isVisible: args => typeof args['cell'] === 'string',
    execute: async args =>
      (await actions()).insertCell(context, notebooks, args as unknown as IInsertion)
  });
  commands.addCommand(CommandIDs.showCell, {
    label: trans.__('Show Cell'),
    describedBy: {
      args: {
        type: 'object',
        required: ['path', 'cell'],
        properties: {
          path: text(trans.__('Path of the notebook')),
          cell: text(trans.__('Id of the cell'))
        }
      }
    },
    isVisible: args => typeof args['path'] === 'string',
    execute: async ({ path, cell }) =>
      (await actions()).showCell(context, notebooks, String(path), String(cell))
  });
  commands.addCommand(CommandIDs.startNotebook, {
    label: trans.__('Kubeflow Notebook'),
    caption: trans.__('A new notebook that begins with %load_ext jupyter_kf'),
    icon: runIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: async () => (await actions()).startNotebook(context, notebooks)
  });
}
