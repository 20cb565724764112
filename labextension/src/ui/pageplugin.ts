/** The plugin of a feature that is the page of one kind of thing, and nothing else. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { Widget } from '@lumino/widgets';
import { IKubeflow, IOpeners, type Thing } from '../tokens';
import type { IContext } from './context';
import { kindWord } from './kinds';
import { tabTitle } from './names';

export function pagePlugin(options: {
  id: string;
  description: string;
  thing: Thing;
  icon: LabIcon;
  /** Loads the code of the page: `import()` it here, so that nothing of it is loaded before. */
  load: () => Promise<(context: IContext, id: string) => Widget>;
}): JupyterFrontEndPlugin<void> {
  const { id, description, thing, icon, load } = options;
  return {
    id,
    description,
    autoStart: true,
    requires: [IKubeflow, IOpeners],
    optional: [ITranslator],
    activate: (
      { commands }: JupyterFrontEnd,
      kf: IKubeflow,
      openers: IOpeners,
      translator: ITranslator | null
    ): void => {
      const trans = (translator ?? nullTranslator).load('jupyter_kf');
      openers.register(thing, {
        icon,
        title: id => tabTitle(id, kindWord(thing, trans)),
        caption: id => `${id} · ${kindWord(thing, trans)}`,
        create: async id => (await load())({ kf, trans, commands }, id)
      });
    }
  };
}
