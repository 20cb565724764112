import { Signal } from '@lumino/signaling';
import * as React from 'react';
import { createRoot } from 'react-dom/client';
import { useSignal } from './signal';

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

it('a value that changed before the signal was connected is drawn all the same', () => {
  const told = { value: 'connecting' };
  const changed = new Signal<typeof told, void>(told);
  function Chip(): React.ReactElement {
    const seen = told.value;
    useSignal(changed);
    React.useLayoutEffect(() => {
      told.value = 'this machine'; // after the first drawing, before its effects
      changed.emit();
    }, []);
    return <b>{seen}</b>;
  }
  const place = document.createElement('div');
  const root = createRoot(place);
  React.act(() => root.render(<Chip />));
  expect(place.textContent).toBe('this machine');
  told.value = 'elsewhere';
  React.act(() => changed.emit());
  expect(place.textContent).toBe('elsewhere');
  React.act(() => root.unmount());
});
