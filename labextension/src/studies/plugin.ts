/** The page of a study. */
import { studyIcon } from '../ui/icons';
import { pagePlugin } from '../ui/pageplugin';

export const studiesPlugin = pagePlugin({
  id: 'jupyter-kf:studies',
  description: 'Shows a study: history, what matters, trials, and promotion.',
  thing: 'study',
  icon: studyIcon,
  load: async () =>
    (await import(/* webpackChunkName: "study" */ './page')).makeStudyPage
});
