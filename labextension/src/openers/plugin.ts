/** IOpeners: pages in the main area, one for each thing, back after a reload. */
import {
  ILabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs, IKubeflow, IOpeners, type Thing } from '../tokens';
import { Openers, type Page } from './openers';

/** From this width on, a page has room beside a notebook. */
const ROOM_PX = 1600;

const THINGS: Thing[] = [
  'run',
  'study',
  'endpoint',
  'model',
  'transform',
  'dataset',
  'compare',
  'form'
];

export const openersPlugin: JupyterFrontEndPlugin<IOpeners> = {
  id: 'jupyter-kf:openers',
  description: 'Opens the page of a run, study, endpoint, model, transform or dataset.',
  autoStart: true,
  requires: [IKubeflow],
  optional: [ITranslator, ILabShell, ILayoutRestorer],
  provides: IOpeners,
  activate: (
    app: JupyterFrontEnd,
    kf: IKubeflow,
    translator: ITranslator | null,
    labShell: ILabShell | null,
    restorer: ILayoutRestorer | null
  ): IOpeners => {
    const trans = (translator ?? nullTranslator).load('jupyter_kf');
    const tracker = new WidgetTracker<MainAreaWidget<Page>>({
      namespace: 'jupyter-kf-pages'
    });
    // Notebook 7 shows one document in its main area: pages stand beside it, or below it where
    // the window has no room for both.
    const aside = () => (window.innerWidth < ROOM_PX ? 'down' : 'right');
    const area = labShell ? () => 'main' : aside;
    const openers = new Openers({
      app,
      area,
      context: { kf, trans, commands: app.commands },
      tracker
    });
    app.commands.addCommand(CommandIDs.open, {
      label: args => trans.__('Open %1 %2', args['thing'] ?? '', args['id'] ?? ''),
      describedBy: {
        args: {
          type: 'object',
          required: ['thing', 'id'],
          properties: {
            thing: { type: 'string', enum: THINGS },
            id: { type: 'string', description: trans.__('Its name, id or digest') }
          }
        }
      },
      isVisible: args => openers.has(args['thing'] as Thing),
      execute: args => openers.open(args['thing'] as Thing, args['id'] as string)
    });
    void restorer?.restore(tracker, {
      command: CommandIDs.open,
      name: ({ content }) => content.id,
      args: ({ content }) => ({ thing: content.thing, id: content.thingId })
    });
    return openers;
  }
};
