/** The page of a study. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { IKubeflow, IOpeners } from '../tokens';
import { studyIcon } from '../ui/icons';

export const studiesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-kf:studies',
  description: 'Shows a study: history, what matters, trials, and promotion.',
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
    openers.register('study', {
      icon: studyIcon,
      title: id => kf.runs.get(id)?.name ?? id,
      create: async id => {
        const { makeStudyPage } = await import(
          /* webpackChunkName: "study" */ './page'
        );
        return makeStudyPage({ kf, trans, commands }, id);
      }
    });
  }
};
