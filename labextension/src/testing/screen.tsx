/**
 * A component on a page without JupyterLab. The test takes the context from here:
 *
 *     jest.mock('../ui/context', () => jest.requireActual('../testing/screen'));
 *
 * The real one makes JupyterLab's widgets, which take Jest half a minute to load.
 */
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import * as React from 'react';
import { createRoot } from 'react-dom/client';
import { keepFocus } from '../ui/keepfocus';
import { FakeKubeflow, FakeRest } from './fakes';

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

class Silent {
  observe(): void {}
  disconnect(): void {}
}

export interface ITold {
  command: string;
  args: unknown;
}

/** What a component gets by `useKf`; a test looks at `told` and changes what it answers. */
export class Around {
  constructor(answer: FakeRest['answer'] = () => ({})) {
    this.kf = new FakeKubeflow(new FakeRest(answer));
  }
  readonly kf: FakeKubeflow;
  readonly trans = nullTranslator.load('jupyter_kf');
  readonly told: ITold[] = [];
  inserted: unknown = null;
  readonly commands = {
    hasCommand: () => true,
    execute: async (command: string, args: unknown) => {
      this.told.push({ command, args });
      return this.inserted;
    }
  };
}

let around = new Around();

export function useKf(): Around {
  return around;
}

export class KfWidget {
  readonly disposed = new Signal<this, void>(this);
  constructor(
    readonly context: unknown,
    readonly element: React.ReactElement
  ) {}
}

export interface IScreen {
  host: HTMLElement;
  text: () => string;
  button: (label: string) => HTMLButtonElement | undefined;
  click: (label: string) => Promise<void>;
  close: () => void;
}

/** Draws it and waits until what it asked for was answered. */
export async function draw(element: React.ReactElement, by: Around): Promise<IScreen> {
  around = by;
  globalThis.IntersectionObserver = Silent as never;
  globalThis.ResizeObserver = Silent as never;
  const host = document.createElement('div');
  document.body.append(host);
  const leave = keepFocus(host); // as KfWidget does
  const root = createRoot(host);
  await React.act(async () => root.render(element));
  const button = (label: string) =>
    [...host.querySelectorAll('button')].find(one => one.textContent === label);
  return {
    host,
    text: () => host.textContent ?? '',
    button,
    click: label => React.act(async () => button(label)!.click()),
    close: () => {
      leave();
      React.act(() => root.unmount());
      host.remove();
    }
  };
}

/** Waits until it holds, as `until` does, and draws meanwhile. */
export async function drawnUntil(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2_000 && !holds(); turn++) {
    await React.act(() => new Promise(resolve => setTimeout(resolve, 10)));
  }
  if (!holds()) {
    throw new Error('it never came to be');
  }
}
