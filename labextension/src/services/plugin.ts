/** Provides IKubeflow to all features. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IKubeflow } from '../tokens';
import { Kubeflow } from './manager';

export const servicesPlugin: JupyterFrontEndPlugin<IKubeflow> = {
  id: 'jupyter-kf:services',
  description: 'Runs, models and endpoints of jupyter-kf, and their changes.',
  autoStart: true,
  provides: IKubeflow,
  activate: (app: JupyterFrontEnd): IKubeflow => new Kubeflow(app.serviceManager)
};
