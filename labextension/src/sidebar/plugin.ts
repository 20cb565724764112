/** The sidebar "Kubeflow": an icon at once, its content when it is first shown. */
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { PanelLayout, Widget } from '@lumino/widgets';
import { CommandIDs, IKubeflow } from '../tokens';
import type { IContext } from '../ui/context';
import { kubeflowIcon } from '../ui/icons';

const ID = 'jupyter-kf-panel';
/** Among what JupyterLab keeps of a workspace. */
const OPEN = 'jupyter-kf-panel:open';

class Sidebar extends Widget {
  constructor(
    private readonly context: IContext,
    private readonly state: IStateDB | null
  ) {
    super();
    this.id = ID;
    this.addClass('jp-Kf-sidebar');
    this.layout = new PanelLayout();
    this.title.icon = kubeflowIcon;
    this.title.caption = context.trans.__('Kubeflow: runs, models, endpoints');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', context.trans.__('Kubeflow'));
  }

  protected override onBeforeShow(): void {
    void this.fill();
  }

  protected override onAfterAttach(): void {
    if (this.isVisible) {
      void this.fill();
    }
  }

  /** The focus goes into it: for who asked for the panel, not for a reload. */
  async enter(): Promise<void> {
    await this.fill();
    (this.layout as PanelLayout).widgets[0].activate();
  }

  /** Loads the content; when that fails, a sentence and a button stand here instead. */
  private fill(): Promise<void> {
    return (this.filling ??= this.load());
  }

  private async load(): Promise<void> {
    const layout = this.layout as PanelLayout;
    try {
      const [{ makePanel }, kept] = await Promise.all([
        import(/* webpackChunkName: "sidebar" */ './panel'),
        this.state?.fetch(OPEN).catch(() => null)
      ]);
      [...layout.widgets].forEach(widget => widget.dispose());
      const save = (open: readonly string[]) => void this.state?.save(OPEN, [...open]);
      layout.addWidget(makePanel(this.context, { open: kept, save }));
    } catch {
      this.filling = null;
      if (layout.widgets.length === 0) {
        layout.addWidget(this.failure());
      }
    }
  }

  private failure(): Widget {
    const { trans } = this.context;
    const told = new Widget();
    const button = document.createElement('button');
    button.className = 'jp-mod-styled';
    button.textContent = trans.__('Try again');
    button.onclick = () => void this.fill();
    told.node.setAttribute('role', 'alert');
    told.node.append(trans.__('The panel could not be loaded.'), ' ', button);
    return told;
  }

  private filling: Promise<void> | null = null;
}

export const sidebarPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-kf:sidebar',
  description: 'Lists runs, models, endpoints and all else.',
  autoStart: true,
  requires: [IKubeflow],
  optional: [ITranslator, ILayoutRestorer, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    kf: IKubeflow,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    state: IStateDB | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyter_kf');
    const sidebar = new Sidebar({ kf, trans, commands: app.commands }, state);
    app.shell.add(sidebar, 'left', { rank: 700, type: 'Kubeflow' });
    restorer?.add(sidebar, ID);
    app.commands.addCommand(CommandIDs.showPanel, {
      label: trans.__('Show Kubeflow Panel'),
      caption: trans.__('Runs, studies, models, endpoints, transforms and datasets'),
      icon: kubeflowIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => {
        app.shell.activateById(ID);
        return sidebar.enter();
      }
    });
  }
};
