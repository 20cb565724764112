/** Launch forms: one for train, tune, serve and batch each. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs, IKubeflow, IOpeners } from '../tokens';
import { kubeflowIcon } from '../ui/icons';
import type { IKeep } from './page';
import { type Verb, VERBS } from './verbs';

export const formsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-kf:forms',
  description: 'Forms that make the cells for train, tune, serve and batch.',
  autoStart: true,
  requires: [IKubeflow, IOpeners],
  optional: [ITranslator, ICommandPalette, ILauncher, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    kf: IKubeflow,
    openers: IOpeners,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    state: IStateDB | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyter_kf');
    const { commands } = app;
    const titles: Record<Verb, string> = {
      train: trans.__('Train a Model'),
      tune: trans.__('Tune Parameters'),
      serve: trans.__('Serve a Model'),
      batch: trans.__('Predict Files')
    };
    openers.register('form', {
      icon: kubeflowIcon,
      title: id => titles[id as Verb] ?? id,
      create: async id => {
        const { makeForm } = await import(/* webpackChunkName: "form" */ './page');
        return makeForm({ kf, trans, commands }, id as Verb, kept(state, id));
      }
    });
    commands.addCommand(CommandIDs.openForm, {
      label: args => titles[args['verb'] as Verb] ?? trans.__('Launch Form'),
      caption: trans.__('A form that makes the cell'),
      icon: args => (args['isPalette'] ? undefined : kubeflowIcon),
      describedBy: {
        args: {
          type: 'object',
          required: ['verb'],
          properties: { verb: { type: 'string', enum: [...VERBS] } }
        }
      },
      isVisible: args => VERBS.includes(args['verb'] as Verb),
      execute: args => openers.open('form', args['verb'] as string)
    });
    for (const verb of VERBS) {
      const args = { verb, isPalette: true };
      const category = 'Kubeflow';
      palette?.addItem({ command: CommandIDs.openForm, category, args });
      launcher?.add({
        command: CommandIDs.openForm,
        category,
        args: { verb },
        rank: 10
      });
    }
  }
};

/** A half-filled form among what JupyterLab keeps of its workspace. */
function kept(state: IStateDB | null, verb: string): IKeep {
  const id = `jupyter-kf-form:${verb}`;
  return {
    load: async () => state?.fetch(id),
    save: form => void state?.save(id, form),
    forget: () => void state?.remove(id)
  };
}
