import * as React from 'react';
import { createRoot } from 'react-dom/client';
import { Wake } from '../services/wake';
import { Ago, useClock } from './clock';

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

/** Says what is on the screen when a test wants it to. */
class Observer {
  static seen: (isIntersecting: boolean) => void;
  constructor(tell: (entries: { isIntersecting: boolean }[]) => void) {
    Observer.seen = isIntersecting => React.act(() => tell([{ isIntersecting }]));
  }
  observe(): void {}
  disconnect(): void {}
}

let drawn = 0;
let hidden = false;

function Aged({ every_ms }: { every_ms: number }): React.ReactElement {
  const ref = React.useRef<HTMLDivElement>(null);
  useClock(ref, every_ms);
  drawn += 1;
  return <div ref={ref} />;
}

function pass(ms: number): number {
  const before = drawn;
  React.act(() => jest.advanceTimersByTime(ms));
  return drawn - before;
}

beforeEach(() => {
  jest.useFakeTimers();
  globalThis.IntersectionObserver = Observer as never;
  Object.defineProperty(document, 'hidden', { get: () => hidden, configurable: true });
});

it('ticks only while it is on the screen and the window is looked at', () => {
  const root = createRoot(document.createElement('div'));
  React.act(() => root.render(<Aged every_ms={10_000} />));
  expect(pass(60_000)).toBe(0);
  const before = drawn;
  Observer.seen(true);
  expect(drawn - before).toBe(1); // it may have grown old out of sight
  expect([pass(10_000), pass(10_000)]).toEqual([1, 1]);
  hidden = true;
  expect(pass(60_000)).toBe(0);
  hidden = false;
  Observer.seen(false);
  expect(pass(60_000)).toBe(0);
  Observer.seen(true);
  React.act(() => root.unmount());
  expect(jest.getTimerCount()).toBe(0);
});

it('an age grows old where it stands, within its sentence', () => {
  jest.setSystemTime(1_000_000_000);
  const place = document.createElement('div');
  const root = createRoot(place);
  const words = (age: string) => `checked ${age}`;
  React.act(() => root.render(<Ago at_s={1_000_000} words={words} />));
  Observer.seen(true);
  const young = place.textContent;
  React.act(() => jest.advanceTimersByTime(5 * 60_000));
  expect(young).not.toBe(place.textContent);
  expect(place.textContent).toMatch(/^checked 5 min/);
  expect(place.querySelector('span')!.title).not.toBe('');
  React.act(() => root.unmount());
});

it('a tick that comes hours late says that this computer slept', () => {
  const woke = jest.fn();
  const wake = new Wake(() => woke());
  const root = createRoot(document.createElement('div'));
  React.act(() => root.render(<Aged every_ms={10_000} />));
  Observer.seen(true);
  pass(60_000);
  expect(woke).toHaveBeenCalledTimes(0);
  jest.setSystemTime(Date.now() + 3_600_000);
  pass(10_000);
  pass(60_000);
  expect(woke).toHaveBeenCalledTimes(1);
  wake.dispose();
  jest.setSystemTime(Date.now() + 3_600_000);
  pass(10_000);
  expect([woke.mock.calls.length, wake.isDisposed]).toEqual([1, true]);
  React.act(() => root.unmount());
});
