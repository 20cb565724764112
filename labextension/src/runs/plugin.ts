/** The page of a run, and what can be done with one. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs, IKubeflow, IOpeners } from '../tokens';
import { runIcon } from '../ui/icons';

export const runsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-kf:runs',
  description: 'Shows a run: state, metrics, log, code, what it used and what it made.',
  autoStart: true,
  requires: [IKubeflow, IOpeners],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    kf: IKubeflow,
    openers: IOpeners,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyter_kf');
    const { commands } = app;
    openers.register('run', {
      icon: runIcon,
      title: id => kf.runs.get(id)?.name ?? id,
      create: async id => {
        const { makeRunPage } = await import(/* webpackChunkName: "run" */ './page');
        return makeRunPage({ kf, trans, commands }, id);
      }
    });
    commands.addCommand(CommandIDs.cancelRun, {
      label: trans.__('Cancel Run'),
      describedBy: {
        args: {
          type: 'object',
          required: ['id'],
          properties: { id: { type: 'string', description: trans.__('Id of the run') } }
        }
      },
      isVisible: args => typeof args['id'] === 'string',
      execute: args => kf.runs.cancel(args['id'] as string)
    });
  }
};
