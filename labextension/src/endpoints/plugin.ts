/** The page of an endpoint. */
import { endpointIcon } from '../ui/icons';
import { pagePlugin } from '../ui/pageplugin';

export const endpointsPlugin = pagePlugin({
  id: 'jupyter-kf:endpoints',
  description: 'Shows an endpoint: proof, traffic, versions, and a form to try it.',
  thing: 'endpoint',
  icon: endpointIcon,
  load: async () =>
    (await import(/* webpackChunkName: "endpoint" */ './page')).makeEndpointPage
});
