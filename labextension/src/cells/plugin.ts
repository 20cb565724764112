/** What is seen and done in a notebook: a run's live output, "Run as job", inserted cells. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs, IKubeflow } from '../tokens';
import type { IContext } from '../ui/context';
import { runIcon } from '../ui/icons';
import { insertCell, runCellAsJob, startNotebook } from './actions';
import { MIME, RunOutput } from './renderer';

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
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    kf: IKubeflow,
    tracker: INotebookTracker,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyter_kf');
    const context: IContext = { kf, trans, commands: app.commands };
    const { commands } = app;
    const isCode = () => tracker.activeCell?.model.type === 'code';
    commands.addCommand(CommandIDs.runCellAsJob, {
      label: trans.__('Run as Job'),
      caption: trans.__('Turn this cell into a train cell; run it when it is one'),
      icon: runIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      isEnabled: isCode,
      isVisible: isCode,
      execute: () => runCellAsJob(context, tracker)
    });
    tracker.activeCellChanged.connect(() =>
      commands.notifyCommandChanged(CommandIDs.runCellAsJob)
    );
    commands.addCommand(CommandIDs.insertCell, {
      label: trans.__('Insert Kubeflow Cell'),
      describedBy: {
        args: {
          type: 'object',
          required: ['cell'],
          properties: {
            cell: { type: 'string', description: trans.__('Text of the cell') }
          }
        }
      },
      isVisible: args => typeof args['cell'] === 'string',
      execute: args => insertCell(context, tracker, args['cell'] as string)
    });
    commands.addCommand(CommandIDs.startNotebook, {
      label: trans.__('Kubeflow Notebook'),
      caption: trans.__('A new notebook that begins with %load_ext jupyter_kf'),
      icon: runIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => startNotebook(context)
    });
  }
};
