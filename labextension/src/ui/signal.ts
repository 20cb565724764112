/** Signals as React state. */
import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

/** Renders again whenever the signal is emitted, and once when it is connected. */
export function useSignal<S, A>(signal: ISignal<S, A>): void {
  const [, render] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    const slot = () => render();
    signal.connect(slot);
    slot(); // it may have been emitted since what is drawn now was drawn
    return () => {
      signal.disconnect(slot);
    };
  }, [signal]);
}
