/** The words that tell of a job's end, with the way to it. */
import { Notification } from '@jupyterlab/apputils';
import { CommandIDs } from '../tokens';
import type { IContext } from '../ui/context';
import { formatDuration } from '../ui/format';
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
  const options = { autoClose: 10_000, actions: [{ label, callback }] };
  if (row.state === 'SUCCEEDED') {
    const text = trans.__('%1 succeeded after %2', row.name, formatDuration(took_s));
    Notification.success(text, options);
  } else {
    const why = row.error?.message ?? row.reason;
    Notification.error(trans.__('%1 failed: %2', row.name, why), options);
  }
}
