/** Tells when a job that ran long has ended. */
import { Notification } from '@jupyterlab/apputils';
import { CommandIDs } from '../tokens';
import type { IContext } from '../ui/context';
import { formatDuration, toNumber } from '../ui/format';
import type { Change, RunRow } from '../wire';

export class Endings {
  constructor(private readonly context: IContext) {
    context.kf.changed.connect(this.onChange, this);
  }

  /** Jobs shorter than this end in silence; below 0 all do. */
  after_s = 60;

  private onChange(_: unknown, { thing, action, row }: Change): void {
    if (thing !== 'run' || action !== 'ended' || !row || this.after_s < 0) {
      return;
    }
    const took = toNumber(row.ended_s) - toNumber(row.started_s);
    if (took >= this.after_s && row.state !== 'CANCELLED') {
      this.tell(row, took);
    }
  }

  private tell(row: RunRow, took: number): void {
    const { trans, commands } = this.context;
    const label = trans.__('Open');
    const callback = () =>
      void commands.execute(CommandIDs.open, {
        thing: row.kind === 'tune' ? 'study' : 'run',
        id: row.id
      });
    const options = { autoClose: 10_000, actions: [{ label, callback }] };
    if (row.state === 'SUCCEEDED') {
      const text = trans.__('%1 succeeded after %2', row.name, formatDuration(took));
      Notification.success(text, options);
    } else {
      const why = row.error?.message ?? row.reason;
      Notification.error(trans.__('%1 failed: %2', row.name, why), options);
    }
  }
}
