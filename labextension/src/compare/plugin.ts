/** Runs side by side, by a command that the list of runs uses. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs, IKubeflow, IOpeners } from '../tokens';
import { runIcon } from '../ui/icons';
import { comparison, runsOf } from './title';

export const comparePlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-kf:compare',
  description: 'Compares runs: what was set differently, and their metrics.',
  autoStart: true,
  requires: [IKubeflow, IOpeners],
  optional: [ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    kf: IKubeflow,
    openers: IOpeners,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyter_kf');
    const { commands } = app;
    openers.register('compare', {
      icon: runIcon,
      title: id => comparison(runsOf(id), trans),
      caption: id => trans.__('Compare %1', id.split(',').join(', ')),
      create: async id => {
        const { makeComparePage } = await import(
          /* webpackChunkName: "compare" */ './page'
        );
        return makeComparePage({ kf, trans, commands }, id);
      }
    });
    commands.addCommand(CommandIDs.compareRuns, {
      label: trans.__('Compare Runs'),
      caption: trans.__('Metrics and settings of runs, side by side'),
      icon: args => (args['isPalette'] ? undefined : runIcon),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            ids: {
              type: 'array',
              items: { type: 'string' },
              description: trans.__('Ids of the runs')
            }
          }
        }
      },
      execute: args =>
        openers.open('compare', ((args['ids'] ?? []) as string[]).join(','))
    });
    palette?.addItem({
      command: CommandIDs.compareRuns,
      category: 'Kubeflow',
      args: { isPalette: true }
    });
  }
};
