/** The hint where an inserted cell is; it follows the cell, and goes when it was run or is gone. */
import * as React from 'react';
import type { IInserted, IPlace } from '../tokens';
import { useSignal } from './signal';

export function Inserted(props: {
  told: IInserted;
  words: (at: IPlace) => string;
  /** There is nothing to say any more. */
  gone: () => void;
}): React.ReactElement | null {
  const { told, gone } = props;
  useSignal(told.changed);
  const { at } = told;
  React.useEffect(() => {
    if (!at) {
      gone();
    }
  }, [at, gone]);
  React.useEffect(() => () => told.dispose(), [told]);
  return at ? <>{props.words(at)}</> : null;
}
