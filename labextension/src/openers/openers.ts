/** Finds or makes the page of a thing. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, type WidgetTracker } from '@jupyterlab/apputils';
import { PanelLayout, SplitPanel, TabPanel, Widget } from '@lumino/widgets';
import type { IOpener, IOpeners, Thing } from '../tokens';
import type { IContext } from '../ui/context';
import { grown } from './shares';

/** A page's share of a window that has it beside or below a notebook. */
const ASIDE = 0.4;

/** A tab's content: the place where a feature's page comes once it is loaded. */
export class Page extends Widget {
  constructor(
    readonly thing: Thing,
    readonly thingId: string
  ) {
    super();
    this.id = `jupyter-kf-${thing}-${thingId}`;
    this.addClass('jp-Kf-page');
    this.layout = new PanelLayout();
  }

  fill(content: Widget): void {
    (this.layout as PanelLayout).addWidget(content);
  }
}

export interface IOpenersOptions {
  app: JupyterFrontEnd;
  /** Where a page that is opened now belongs. */
  area: () => string;
  context: IContext;
  tracker: WidgetTracker<MainAreaWidget<Page>>;
}

export class Openers implements IOpeners {
  constructor(private readonly options: IOpenersOptions) {}

  register(thing: Thing, opener: IOpener): void {
    this.openers.set(thing, opener);
  }

  has(thing: Thing): boolean {
    return this.openers.has(thing);
  }

  async open(thing: Thing, id: string): Promise<void> {
    const opener = this.openers.get(thing);
    if (!opener) {
      throw new Error(`nothing opens a ${thing}`);
    }
    const { app, tracker } = this.options;
    const area = this.options.area();
    let widget = tracker.find(
      ({ content }) => content.thing === thing && content.thingId === id
    );
    if (!widget) {
      widget = this.make(opener, thing, id);
      await tracker.add(widget);
    }
    if (!widget.isAttached) {
      app.shell.add(widget, area, { type: 'Kubeflow' });
    }
    app.shell.activateById(widget.id);
    if (area !== 'main') {
      inFront(widget);
    }
    if (area !== 'main' && !this.widened.has(area)) {
      this.widened.add(area); // once: afterwards it is as large as the user made it
      widen(widget);
    }
  }

  private make(opener: IOpener, thing: Thing, id: string): MainAreaWidget<Page> {
    const page = new Page(thing, id);
    const reveal = opener
      .create(id)
      .catch(async failure => {
        const { makeFailure } = await import(
          /* webpackChunkName: "failure" */ './failure'
        );
        return makeFailure(this.options.context, failure);
      })
      .then(content => {
        page.fill(content);
        content.title.changed.connect(({ label }) => (widget.title.label = label));
      });
    const widget = new MainAreaWidget({ content: page, reveal });
    widget.id = `${page.id}-tab`;
    widget.title.label = opener.title(id);
    widget.title.caption = opener.caption?.(id) ?? opener.title(id);
    widget.title.icon = opener.icon;
    widget.title.closable = true;
    widget.toolbar.hide();
    return widget;
  }

  private readonly widened = new Set<string>();
  private readonly openers = new Map<Thing, IOpener>();
}

/** Shows a page whose shell only stacks it: the one below Notebook 7's notebook. */
function inFront(page: Widget): void {
  const stack = page.parent?.parent;
  if (stack instanceof TabPanel) {
    stack.currentWidget = page;
  }
}

/** Gives a page beside or below a notebook its share of the window, at the largest part's cost. */
function widen(page: Widget): void {
  let part = page;
  while (part.parent && !(part.parent instanceof SplitPanel)) {
    part = part.parent;
  }
  const split = part.parent;
  if (split instanceof SplitPanel) {
    const at = split.widgets.indexOf(part);
    split.setRelativeSizes(grown(split.relativeSizes(), at, ASIDE));
  }
}
