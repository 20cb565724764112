/** The extension's plugins, nothing else: one line each. */
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { cellsPlugin, outputPlugin } from './cells/plugin';
import { comparePlugin } from './compare/plugin';
import { datasetsPlugin } from './datasets/plugin';
import { endpointsPlugin } from './endpoints/plugin';
import { formsPlugin } from './forms/plugin';
import { modelsPlugin } from './models/plugin';
import { openersPlugin } from './openers/plugin';
import { runsPlugin } from './runs/plugin';
import { servicesPlugin } from './services/plugin';
import { shellPlugin } from './shell/plugin';
import { sidebarPlugin } from './sidebar/plugin';
import { studiesPlugin } from './studies/plugin';
import { transformsPlugin } from './transforms/plugin';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each provides its own service
const plugins: JupyterFrontEndPlugin<any>[] = [
  servicesPlugin,
  openersPlugin,
  sidebarPlugin,
  shellPlugin,
  outputPlugin,
  cellsPlugin,
  runsPlugin,
  studiesPlugin,
  endpointsPlugin,
  modelsPlugin,
  datasetsPlugin,
  transformsPlugin,
  comparePlugin,
  formsPlugin
];

export default plugins;
