/** Around everything: the status chip, launcher cards, and a word when a long job ends. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs, IKubeflow } from '../tokens';
import { makeChip } from './chip';
import { Endings } from './endings';

const SETTINGS = 'jupyter-kf:settings';
const CATEGORY = 'Kubeflow';

export const shellPlugin: JupyterFrontEndPlugin<void> = {
  id: SETTINGS,
  description: 'Status chip, launcher cards, palette and notifications.',
  autoStart: true,
  requires: [IKubeflow],
  optional: [ITranslator, ISettingRegistry, IStatusBar, ILauncher, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    kf: IKubeflow,
    translator: ITranslator | null,
    registry: ISettingRegistry | null,
    statusBar: IStatusBar | null,
    launcher: ILauncher | null,
    palette: ICommandPalette | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyter_kf');
    const { commands } = app;
    statusBar?.registerStatusItem('jupyter-kf:status', {
      item: makeChip({ kf, trans, commands }),
      align: 'left',
      rank: 20
    });
    for (const command of [CommandIDs.startNotebook, CommandIDs.showPanel]) {
      launcher?.add({ command, category: CATEGORY });
    }
    const inPalette = [
      CommandIDs.showPanel,
      CommandIDs.runCellAsJob,
      CommandIDs.startNotebook
    ];
    for (const command of inPalette) {
      palette?.addItem({ command, category: CATEGORY });
    }
    const context = { kf, trans, commands };
    const endings = new Endings(kf, async (row, took_s) => {
      const { notify } = await import(/* webpackChunkName: "notify" */ './notify');
      notify(context, row, took_s);
    });
    const read = (settings: ISettingRegistry.ISettings) => {
      endings.after_s = settings.get('notifyAfter').composite as number;
    };
    void registry
      ?.load(SETTINGS)
      .then(settings => {
        read(settings);
        settings.changed.connect(read);
      })
      .catch(failure => console.error('jupyter-kf: settings', failure));
  }
};
