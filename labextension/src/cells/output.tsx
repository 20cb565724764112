/** A run in its cell's output: state, progress, metrics, last lines, Cancel, its page. */
import * as React from 'react';
import '../../style/output.css';
import { LogWindow } from '../services/log';
import { type KfError, part } from '../services/rest';
import { ENDED } from '../services/validate';
import { CommandIDs } from '../tokens';
import { AnsiLine } from '../ui/ansi';
import { type IContext, KfWidget, useKf } from '../ui/context';
import { formatDuration, toNumber } from '../ui/format';
import { asKfError, useFetched, useRunRow, useSignal } from '../ui/hooks';
import { MetricPlots, useMetrics } from '../ui/metrics';
import { useMay } from '../ui/may';
import { Button, ConfirmButton, ErrorBox, ProblemBox, Progress } from '../ui/pieces';
import { StateBadge } from '../ui/state';
import type { RunRow } from '../wire';
import { type IRunReference, pageOf } from './reference';
import { Summary } from './summary';

const LINES = 5;

export function makeOutput(context: IContext, told: IRunReference): KfWidget {
  return new KfWidget(context, <RunView told={told} />, 'jp-Kf-outputBody');
}

function RunView({ told }: { told: IRunReference }): React.ReactElement {
  const { trans } = useKf();
  const { row, error, again } = useRow(told.id);
  if (!row) {
    return error ? (
      <ErrorBox error={error} onRetry={again} />
    ) : (
      <div className="jp-Kf-outputHead" role="status">
        <b>{told.name}</b>
        <span className="jp-Kf-quiet">{trans.__('Loading')}</span>
      </div>
    );
  }
  return (
    <>
      <Head row={row} told={told} />
      {error && !error.unreachable ? <ErrorBox error={error} onRetry={again} /> : null}
      <Summary row={row} />
      {row.error ? <ProblemBox problem={row.error} /> : null}
      {row.kind === 'tune' ? null : <Plots row={row} />}
      <LastLines row={row} />
    </>
  );
}

/** The run's row, asked for once and then kept by events; none when the run is gone. */
function useRow(id: string): {
  row: RunRow | undefined;
  error: KfError | null;
  again: () => void;
} {
  const { kf } = useKf();
  const row = useRunRow(id);
  const status = React.useRef<number | undefined>();
  const { error, again } = useFetched(
    id,
    signal => kf.runs.paper(id, signal),
    // A row comes with its event; where it could not be had it is asked for, but not again and
    // again by who may not read it.
    change =>
      change.thing === 'run' &&
      change.id === id &&
      (status.current === 404 || (change.row === null && status.current !== 403))
  );
  status.current = error?.status;
  return { row: error?.status === 404 ? undefined : row, error, again };
}

function Head({ row, told }: { row: RunRow; told: IRunReference }): React.ReactElement {
  const { kf, trans, commands } = useKf();
  const [failed, setFailed] = React.useState<unknown>(null);
  const ended = ENDED.has(row.state);
  const target = pageOf(row, told);
  // An endpoint is not cancelled: it is stopped with all its versions, as on its page.
  const serves = row.state === 'READY';
  const may = useMay();
  const end = () => {
    setFailed(null);
    const asked: Promise<unknown> = serves
      ? kf.rest.post(`endpoints/${part(row.name)}/stop`)
      : kf.runs.cancel(row.id);
    asked.catch(setFailed);
  };
  return (
    <>
      <div className="jp-Kf-outputHead">
        <b>{row.name}</b>
        <StateBadge state={row.state} kind={row.kind} live />
        <span className="jp-Kf-quiet">{timing(row, trans)}</span>
        <span className="jp-Kf-grow" />
        {ended || !may(serves ? 'endpoints' : 'runs') ? null : (
          <ConfirmButton
            label={serves ? trans.__('Stop') : trans.__('Cancel')}
            question={
              serves
                ? trans.__('Stop all its versions?')
                : row.kind === 'tune'
                  ? trans.__('Cancel? Finished trials stay.')
                  : trans.__('End it and all that it started?')
            }
            yes={serves ? trans.__('Stop it') : trans.__('Cancel it')}
            no={trans.__('Keep')}
            onConfirm={end}
          />
        )}
        <Button
          label={trans.__('Open')}
          title={trans.__('Opens the page of %1', target.id)}
          onClick={() => void commands.execute(CommandIDs.open, { ...target })}
        />
      </div>
      {serves ? null : (
        <Progress
          share={reached(row)}
          ended={ended && row.state !== 'SUCCEEDED'}
          label={trans.__('Progress of the run')}
        />
      )}
      {saysMore(row) ? <div className="jp-Kf-quiet">{row.reason}</div> : null}
      {failed ? <ErrorBox error={asKfError(failed)} /> : null}
    </>
  );
}

/** Whether the reason says more than its state and its error do. */
function saysMore({ reason, state, error }: RunRow): boolean {
  const said = error?.message.includes(reason) || reason === state.toLowerCase();
  return reason !== '' && !said;
}

/** How far it is, or was when it ended. */
function reached(row: RunRow): number | null {
  if (row.state === 'SUCCEEDED') {
    return 1;
  }
  return row.state === 'RUNNING' ? shareOf(row) : (shareOf(row) ?? 0);
}

function shareOf(row: RunRow): number | null {
  return row.progress === null ? null : toNumber(row.progress);
}

function timing(row: RunRow, trans: IContext['trans']): string {
  const [started, ended] = [toNumber(row.started_s), toNumber(row.ended_s)];
  if (Number.isFinite(ended) && Number.isFinite(started)) {
    return trans.__('took %1', formatDuration(ended - started));
  }
  const share = shareOf(row);
  const left = toNumber(row.remaining_s);
  return [
    share === null ? '' : `${Math.round(share * 100)} %`,
    Number.isFinite(left) ? trans.__('%1 left', formatDuration(left)) : ''
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Plots of what was reported often, numbers of what was reported once. */
function Plots({ row }: { row: RunRow }): React.ReactElement {
  const { commands } = useKf();
  const feed = useMetrics(row.id);
  const open = () =>
    void commands.execute(CommandIDs.open, { thing: 'run', id: row.id });
  return <MetricPlots feed={feed} height={96} most={4} elsewhere={open} />;
}

/**
 * The last lines of the log, while it grows; of a run that succeeded, none.
 *
 * The stream of a run that has ended is left to its own end, which is near.
 */
function LastLines({ row }: { row: RunRow }): React.ReactElement | null {
  const { kf, trans } = useKf();
  const [log] = React.useState(
    () => new LogWindow(kf, row.id, { lines: LINES, chunk: 65_536, tail: 2_048 })
  );
  const wanted = row.state !== 'SUCCEEDED' && row.state !== 'READY';
  useSignal(log.changed);
  const visible = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    if (!wanted || !visible.current) {
      return;
    }
    // A stream is held only while the output is on the screen.
    const observer = new IntersectionObserver(([entry]) =>
      entry.isIntersecting ? log.follow() : log.pause()
    );
    observer.observe(visible.current);
    return () => observer.disconnect();
  }, [log, wanted]);
  const serves = row.state === 'READY';
  React.useEffect(() => (serves ? log.pause() : undefined), [log, serves]);
  React.useEffect(() => () => log.dispose(), [log]);
  return wanted ? (
    <div
      ref={visible}
      className="jp-Kf-lastLines jp-RenderedText"
      role="log"
      aria-label={trans.__('Last lines of the log')}
    >
      {log.lines.length === 0 && !ENDED.has(row.state) && row.kind !== 'tune' ? (
        <span className="jp-Kf-quiet">{trans.__('Nothing printed so far.')}</span>
      ) : null}
      {log.lines.map((line, index) => (
        <AnsiLine key={index} line={line} />
      ))}
    </div>
  ) : null;
}
