/** The first of many: what is left out is said, and shown when it is asked for. */
import * as React from 'react';
import { Button } from './button';
import { useKf } from './context';

/**
 * At most so many of them, and a button with the number of the others; null when that is none.
 *
 * @param elsewhere - opens the page that has all; without it they are shown here.
 */
export function useSome<T>(
  all: readonly T[],
  most: number,
  elsewhere?: () => void
): { shown: readonly T[]; more: React.ReactElement | null } {
  const { trans } = useKf();
  const [whole, setWhole] = React.useState(false);
  const shown = React.useMemo(
    () => (whole ? all : all.slice(0, most)),
    [all, most, whole]
  );
  const left = all.length - shown.length;
  const label = elsewhere
    ? trans._n('and %1 more on its page', 'and %1 more on its page', left)
    : trans._n('and %1 more: show it', 'and %1 more: show them', left);
  const more = left ? (
    <div className="jp-Kf-rest">
      <Button label={label} onClick={elsewhere ?? (() => setWhole(true))} />
    </div>
  ) : null;
  return { shown, more };
}
