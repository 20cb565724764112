/** The page of a dataset. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { IKubeflow, IOpeners } from '../tokens';
import { datasetIcon } from '../ui/icons';

export const datasetsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-kf:datasets',
  description: 'Shows a dataset: its profile, column by column.',
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
    openers.register('dataset', {
      icon: datasetIcon,
      title: id => id,
      create: async id => {
        const { makeDatasetPage } = await import(
          /* webpackChunkName: "dataset" */ './page'
        );
        return makeDatasetPage({ kf, trans, commands }, id);
      }
    });
  }
};
