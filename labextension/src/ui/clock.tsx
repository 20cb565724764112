/** The one clock of all words that grow old: ages on pages, in lists and in tables. */
import * as React from 'react';
import { punctual } from '../services/wake';
import type { Num } from '../wire';
import { formatAgo, formatDuration, formatTime } from './format';

/** Ages are said anew so often. */
export const AGES_MS = 10_000;
const SECOND_MS = 1_000;

/**
 * Renders again every so often, while the element is on the screen and the window is looked at.
 *
 * By 0, never.
 */
export function useClock(ref: React.RefObject<HTMLElement>, every_ms: number): void {
  const [, tick] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    if (!every_ms) {
      return;
    }
    let timer = 0;
    const observer = new IntersectionObserver(([{ isIntersecting }]) => {
      window.clearInterval(timer);
      if (isIntersecting) {
        tick();
        const told = punctual(every_ms);
        timer = window.setInterval(() => {
          told();
          if (!document.hidden) {
            tick();
          }
        }, every_ms);
      }
    });
    if (ref.current) {
      observer.observe(ref.current);
    }
    return () => {
      observer.disconnect();
      window.clearInterval(timer);
    };
  }, [ref, every_ms]);
}

/**
 * "5 minutes ago", which stays true while it is looked at; the full time is its tooltip.
 *
 * `words` puts the age into a sentence.
 */
export function Ago(props: {
  at_s: Num | null | undefined;
  words?: (age: string) => string;
}): React.ReactElement {
  const ref = React.useRef<HTMLSpanElement>(null);
  useClock(ref, AGES_MS);
  const age = formatAgo(props.at_s);
  return (
    <span ref={ref} title={formatTime(props.at_s)}>
      {props.words?.(age) ?? age}
    </span>
  );
}

/** How long something has been going on: "2 min 5 s". */
export function Elapsed({ since_s }: { since_s: number }): React.ReactElement {
  const ref = React.useRef<HTMLSpanElement>(null);
  useClock(ref, SECOND_MS);
  const seconds = Math.max(0, Math.floor(Date.now() / 1000 - since_s));
  return (
    <span ref={ref}>{seconds < 10 ? `${seconds} s` : formatDuration(seconds)}</span>
  );
}
