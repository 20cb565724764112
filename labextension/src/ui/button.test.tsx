import * as React from 'react';
import { createRoot } from 'react-dom/client';
import { ConfirmButton } from './button';

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

it('is red only where it can’t be undone', () => {
  const tone = (more: { tone?: 'accent' }) => {
    const host = document.createElement('div');
    const root = createRoot(host);
    React.act(() =>
      root.render(
        <ConfirmButton
          label="Do"
          question="?"
          yes="Y"
          no="N"
          onConfirm={jest.fn()}
          {...more}
        />
      )
    );
    React.act(() => host.querySelector('button')!.click());
    return host.querySelector('button')!.className;
  };
  expect(tone({})).toContain('jp-mod-warn');
  expect(tone({ tone: 'accent' })).toMatch(/jp-mod-accept(?!.*jp-mod-warn)/);
});

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
