/** The page of an endpoint. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { IKubeflow, IOpeners } from '../tokens';
import { endpointIcon } from '../ui/icons';

export const endpointsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-kf:endpoints',
  description: 'Shows an endpoint: proof, traffic, versions, and a form to try it.',
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
    openers.register('endpoint', {
      icon: endpointIcon,
      title: id => id,
      create: async id => {
        const { makeEndpointPage } = await import(
          /* webpackChunkName: "endpoint" */ './page'
        );
        return makeEndpointPage({ kf, trans, commands }, id);
      }
    });
  }
};
