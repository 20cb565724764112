/** Provides IKubeflow to all features. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator } from '@jupyterlab/translation';
import { IKubeflow } from '../tokens';
import { Kubeflow } from './manager';
import { speak } from './words';

export const servicesPlugin: JupyterFrontEndPlugin<IKubeflow> = {
  id: 'jupyter-kf:services',
  description: 'Runs, models and endpoints of jupyter-kf, and their changes.',
  autoStart: true,
  provides: IKubeflow,
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, translator: ITranslator | null): IKubeflow => {
    if (translator) {
      speak(translator.load('jupyter_kf'));
    }
    return new Kubeflow(app.serviceManager);
  }
};
