/** The page of a model. */
import { modelIcon } from '../ui/icons';
import { pagePlugin } from '../ui/pageplugin';

export const modelsPlugin = pagePlugin({
  id: 'jupyter-kf:models',
  description: 'Shows a model: versions, metrics, transform, lineage.',
  thing: 'model',
  icon: modelIcon,
  load: async () =>
    (await import(/* webpackChunkName: "model" */ './page')).makeModelPage
});
