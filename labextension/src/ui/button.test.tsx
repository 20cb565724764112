import * as React from 'react';
import { createRoot } from 'react-dom/client';
import { ConfirmButton } from './button';

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

function button(question: string, done: () => void): React.ReactElement {
  return (
    <ConfirmButton
      label="Do it"
      question={question}
      yes="Yes"
      no="No"
      onConfirm={done}
    />
  );
}

it('does not keep a question open when another takes its place', () => {
  const host = document.createElement('div');
  const root = createRoot(host);
  const done = jest.fn();
  React.act(() => root.render(button('End it?', done)));
  React.act(() => host.querySelector('button')!.click());
  expect(host.textContent).toContain('End it?');
  React.act(() => root.render(button('Delete it?', done)));
  expect(host.textContent).toBe('Do it');
  React.act(() => host.querySelector('button')!.click());
  React.act(() => host.querySelector('button')!.click());
  expect(done).toHaveBeenCalledTimes(1);
});
