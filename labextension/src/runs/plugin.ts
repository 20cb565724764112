/** The page of a run. */
import { runIcon } from '../ui/icons';
import { pagePlugin } from '../ui/pageplugin';

export const runsPlugin = pagePlugin({
  id: 'jupyter-kf:runs',
  description: 'Shows a run: state, metrics, log, code, what it used and what it made.',
  thing: 'run',
  icon: runIcon,
  load: async () => (await import(/* webpackChunkName: "run" */ './page')).makeRunPage
});
