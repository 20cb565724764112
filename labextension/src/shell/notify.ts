/** The words that tell of a job's end, with the way to it. */
import { Notification } from '@jupyterlab/apputils';
import { CommandIDs } from '../tokens';
import type { IContext } from '../ui/context';
import { formatDuration } from '../ui/format';
import { kindWord } from '../ui/kinds';
import type { RunRow } from '../wire';

export function notify(
  { trans, commands }: IContext,
  row: RunRow,
  took_s: number
): void {
  const label = trans.__('Open');
  const callback = () =>
    void commands.execute(CommandIDs.open, {
      thing: row.kind === 'tune' ? 'study' : 'run',
      id: row.id
    });
  const kind = kindWord(row.kind, trans);
  const options = { autoClose: 10_000, actions: [{ label, callback }] };
  if (row.state === 'SUCCEEDED') {
    const took = formatDuration(took_s);
    const text = trans.__('The %1 run %2 succeeded after %3', kind, row.name, took);
    Notification.success(text, options);
  } else {
    const why = row.error?.message ?? row.reason;
    const text = trans.__('The %1 run %2 failed: %3', kind, row.name, why);
    Notification.error(text, options);
  }
}
