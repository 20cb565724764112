/** Is what came over the wire what the types say? Checked where a wrong shape would spread. */
import type { Change, RunRow, State } from '../wire';

export const STATES: readonly State[] = [
  'PENDING',
  'RUNNING',
  'READY',
  'SUCCEEDED',
  'FAILED',
  'CANCELLED',
  'LOST'
];
export const ENDED: ReadonlySet<State> = new Set([
  'SUCCEEDED',
  'FAILED',
  'CANCELLED',
  'LOST'
]);

/** A run's row, or null for something that is none. */
export function asRow(value: unknown): RunRow | null {
  const row = value as Partial<RunRow> | null;
  const good =
    typeof row?.id === 'string' &&
    typeof row.kind === 'string' &&
    typeof row.name === 'string' &&
    STATES.includes(row.state as State) &&
    typeof row.metrics === 'object' &&
    row.metrics !== null;
  return good ? (row as RunRow) : null;
}

/** An event of ours, or null. The events service adds fields of its own, which are ignored. */
export function asChange(value: unknown): Change | null {
  const change = value as Partial<Change> | null;
  const good =
    typeof change?.seq === 'number' &&
    typeof change.epoch === 'string' &&
    typeof change.thing === 'string' &&
    typeof change.id === 'string' &&
    typeof change.action === 'string';
  return good ? { ...(change as Change), row: asRow(change.row ?? null) } : null;
}
