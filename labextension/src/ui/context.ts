/** What every component may use: data, words, commands. Given once, at the top of a widget. */
import { ReactWidget } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';
import type { IKubeflow } from '../tokens';

export interface IContext {
  kf: IKubeflow;
  trans: TranslationBundle;
  commands: CommandRegistry;
}

const Context = React.createContext<IContext | null>(null);

export function useKf(): IContext {
  return React.useContext(Context)!;
}

/** A Lumino widget around one React element; the class names style it as ours. */
export class KfWidget extends ReactWidget {
  constructor(
    private readonly context: IContext,
    private readonly element: React.ReactElement,
    className = ''
  ) {
    super();
    this.addClass('jp-Kf');
    if (className) {
      this.addClass(className);
    }
    // Loaded once somebody is in it: there is nothing to keep before.
    this.node.addEventListener('focusin', event => void this.keep(event.target), {
      once: true
    });
  }

  protected override render(): React.ReactElement {
    return React.createElement(Context.Provider, { value: this.context }, this.element);
  }

  private async keep(focused: EventTarget | null): Promise<void> {
    const { keepFocus } = await import(/* webpackChunkName: "focus" */ './keepfocus');
    this.disposed.connect(keepFocus(this.node, focused));
  }
}
