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
  }

  protected override render(): React.ReactElement {
    return React.createElement(Context.Provider, { value: this.context }, this.element);
  }
}
