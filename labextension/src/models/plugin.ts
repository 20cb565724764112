/** The page of a model. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { IKubeflow, IOpeners } from '../tokens';
import { modelIcon } from '../ui/icons';

export const modelsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-kf:models',
  description: 'Shows a model: versions, metrics, transform, lineage.',
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
    openers.register('model', {
      icon: modelIcon,
      title: id => id,
      create: async id => {
        const { makeModelPage } = await import(
          /* webpackChunkName: "model" */ './page'
        );
        return makeModelPage({ kf, trans, commands }, id);
      }
    });
  }
};
