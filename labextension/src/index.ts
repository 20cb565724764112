/** The extension's plugins, nothing else: one line each. */
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { cellsPlugin, outputPlugin } from './cells/plugin';
import { openersPlugin } from './openers/plugin';
import { runsPlugin } from './runs/plugin';
import { servicesPlugin } from './services/plugin';
import { shellPlugin } from './shell/plugin';
import { sidebarPlugin } from './sidebar/plugin';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each provides its own service
const plugins: JupyterFrontEndPlugin<any>[] = [
  servicesPlugin,
  openersPlugin,
  sidebarPlugin,
  shellPlugin,
  outputPlugin,
  cellsPlugin,
  runsPlugin
];

export default plugins;
