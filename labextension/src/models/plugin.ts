/** The page of a model: its versions, why this one is the best, what it came from. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { IKubeflow, IOpeners } from '../tokens';
import { modelIcon } from '../ui/icons';

export const modelsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-kf:models',
  description: 'Shows a model: versions, metrics, lineage.',
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
    openers.register('model', {
      icon: modelIcon,
      title: id => (id.length > 40 ? id.slice(0, 12) : id),
      create: async id => {
        const { makeModelPage } = await import(
          /* webpackChunkName: "model" */ './page'
        );
        return makeModelPage({ kf, trans, commands: app.commands }, id);
      }
    });
  }
};
