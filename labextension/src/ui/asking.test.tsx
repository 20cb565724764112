import * as React from 'react';
import { createRoot } from 'react-dom/client';
import { ConfirmButton } from './asking';

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

describe('the focus of a button that asks', () => {
  let host: HTMLElement;
  let render: (element: React.ReactElement) => void;
  beforeEach(() => {
    host = document.body.appendChild(document.createElement('div'));
    const root = createRoot(host);
    render = element => React.act(() => root.render(element));
  });
  afterEach(() => {
    render(<></>);
    host.remove();
  });

  const press = (key: string) =>
    React.act(() => {
      const options = { key, bubbles: true };
      document.activeElement!.dispatchEvent(new KeyboardEvent('keydown', options));
    });
  const click = (label: string) =>
    React.act(() =>
      [...host.querySelectorAll('button')]
        .find(({ textContent }) => textContent === label)!
        .click()
    );
  const focused = () => document.activeElement!.textContent;

  it('is on the safe answer, and on the button again after Escape or that answer', () => {
    const done = jest.fn();
    render(button('End it?', done));
    for (const leave of [() => press('Escape'), () => click('No')]) {
      host.querySelector('button')!.focus();
      click('Do it');
      expect(focused()).toBe('No');
      leave();
      expect([host.textContent, focused()]).toEqual(['Do it', 'Do it']);
    }
    expect(done).not.toHaveBeenCalled();
  });

  it('waits for the button while what was asked for is being done', () => {
    const shown = (disabled: boolean) => (
      <ConfirmButton
        label="Do it"
        question="End it?"
        yes="Yes"
        no="No"
        onConfirm={() => render(shown(true))}
        disabled={disabled}
      />
    );
    render(shown(false));
    click('Do it');
    click('Yes');
    expect(document.activeElement).toBe(document.body);
    render(shown(false));
    expect(focused()).toBe('Do it');
  });

  it('stays where somebody went meanwhile', () => {
    const other = document.body.appendChild(document.createElement('input'));
    render(button('End it?', jest.fn()));
    click('Do it');
    other.focus();
    render(button('Delete it?', jest.fn()));
    expect(document.activeElement).toBe(other);
    other.remove();
  });
});
