/** The time as React state, for words that grow old. */
import * as React from 'react';

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
        timer = window.setInterval(() => document.hidden || tick(), every_ms);
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
