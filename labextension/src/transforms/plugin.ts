/** The page of a transform. */
import { transformIcon } from '../ui/icons';
import { pagePlugin } from '../ui/pageplugin';

export const transformsPlugin = pagePlugin({
  id: 'jupyter-kf:transforms',
  description: 'Shows a transform: code, schemas, certificate, who uses it.',
  thing: 'transform',
  icon: transformIcon,
  load: async () =>
    (await import(/* webpackChunkName: "transform" */ './page')).makeTransformPage
});
