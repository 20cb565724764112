/** The page of a transform. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { IKubeflow, IOpeners } from '../tokens';
import { transformIcon } from '../ui/icons';

export const transformsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-kf:transforms',
  description: 'Shows a transform: code, schemas, certificate, who uses it.',
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
    openers.register('transform', {
      icon: transformIcon,
      title: id => id,
      create: async id => {
        const { makeTransformPage } = await import(
          /* webpackChunkName: "transform" */ './page'
        );
        return makeTransformPage({ kf, trans, commands }, id);
      }
    });
  }
};
