/**
 * The output of a cell that started a run: it holds only the run's id and fetches the rest.
 *
 * So it stays live through kernel restarts and page reloads. The live part is loaded with the
 * first such output.
 */
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { PanelLayout, Widget } from '@lumino/widgets';
import type { IContext } from '../ui/context';
import { type IRunReference, MIME } from './reference';

export class RunOutput extends Widget implements IRenderMime.IRenderer {
  constructor(private readonly context: IContext) {
    super();
    this.addClass('jp-Kf-output');
    this.layout = new PanelLayout();
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const told = model.data[MIME] as Partial<IRunReference> | undefined;
    const known = typeof told?.id === 'string' && typeof told.name === 'string';
    if (!known || (told.id === this.shown && !this.layoutEmpty)) {
      return;
    }
    this.shown = told.id!;
    const { makeOutput } = await import(/* webpackChunkName: "output" */ './output');
    if (this.isDisposed || this.shown !== told.id) {
      return; // cleared, or given another run, meanwhile
    }
    const layout = this.layout as PanelLayout;
    [...layout.widgets].forEach(widget => widget.dispose());
    layout.addWidget(makeOutput(this.context, told as IRunReference));
  }

  private get layoutEmpty(): boolean {
    return (this.layout as PanelLayout).widgets.length === 0;
  }

  private shown = '';
}
