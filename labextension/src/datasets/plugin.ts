/** The page of a dataset. */
import { datasetIcon } from '../ui/icons';
import { pagePlugin } from '../ui/pageplugin';

export const datasetsPlugin = pagePlugin({
  id: 'jupyter-kf:datasets',
  description: 'Shows a dataset: its profile, column by column.',
  thing: 'dataset',
  icon: datasetIcon,
  load: async () =>
    (await import(/* webpackChunkName: "dataset" */ './page')).makeDatasetPage
});
