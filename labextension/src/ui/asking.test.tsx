import * as React from 'react';
import { createRoot } from 'react-dom/client';
import { ConfirmButton } from './asking';
import { keepFocus } from './keepfocus';

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
  let end: () => void;
  let render: (element: React.ReactElement) => Promise<void>;
  let busy: () => void;
  beforeEach(() => {
    host = document.body.appendChild(document.createElement('div'));
    end = keepFocus(host);
    const root = createRoot(host);
    busy = () => root.render(shown(true)); // within the click that asks for it
    render = element => React.act(async () => root.render(element));
  });
  afterEach(async () => {
    await render(<></>);
    end();
    host.remove();
  });

  const press = (key: string) =>
    React.act(async () => {
      const options = { key, bubbles: true };
      document.activeElement!.dispatchEvent(new KeyboardEvent('keydown', options));
    });
  const click = (label: string) =>
    React.act(async () =>
      [...host.querySelectorAll('button')]
        .find(({ textContent }) => textContent === label)!
        .click()
    );
  const focused = () => document.activeElement!.textContent;

  it('is on the safe answer, and on the button again after Escape or that answer', async () => {
    const done = jest.fn();
    await render(button('End it?', done));
    for (const leave of [() => press('Escape'), () => click('No')]) {
      host.querySelector('button')!.focus();
      await click('Do it');
      expect(focused()).toBe('No');
      await leave();
      expect([host.textContent, focused()]).toEqual(['Do it', 'Do it']);
    }
    expect(done).not.toHaveBeenCalled();
  });

  const shown = (disabled: boolean) => (
    <div>
      <h2>its page</h2>
      <ConfirmButton
        label="Do it"
        question="End it?"
        yes="Yes"
        no="No"
        onConfirm={() => busy()}
        disabled={disabled}
      />
    </div>
  );

  it('waits for the button while what was asked for is being done', async () => {
    await render(shown(false));
    await click('Do it');
    await click('Yes');
    expect(document.activeElement).toBe(document.body);
    await render(shown(false));
    expect(focused()).toBe('Do it');
  });

  it('goes to what took its place when the button does not come back', async () => {
    const over = (more: React.ReactNode) => (
      <div>
        <h2>its page</h2>
        {more}
      </div>
    );
    for (const [instead, told] of [
      [<a key="a">no button</a>, 'its page'],
      [<button key="b">Start it</button>, 'Start it']
    ] as const) {
      await render(shown(false));
      await click('Do it');
      await click('Yes');
      await render(over(instead));
      expect(focused()).toBe(told);
    }
  });

  it('is left to who pressed elsewhere, where nothing takes it', async () => {
    await render(shown(false));
    await click('Do it');
    document.body.dispatchEvent(new Event('pointerdown', { bubbles: true }));
    await render(<button>another</button>);
    expect(document.activeElement).toBe(document.body);
  });

  it('stays where somebody went meanwhile', async () => {
    const other = document.body.appendChild(document.createElement('input'));
    await render(button('End it?', jest.fn()));
    await click('Do it');
    other.focus();
    await render(button('Delete it?', jest.fn()));
    expect(document.activeElement).toBe(other);
    other.remove();
  });
});
