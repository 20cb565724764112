/** The page of one run: how it goes, then metrics, log, code and lineage in tabs. */
import * as React from 'react';
import '../../style/run.css';
import { ENDED } from '../services/validate';
import { CommandIDs } from '../tokens';
import { type IContext, KfWidget, useKf } from '../ui/context';
import { formatDuration, formatTime, toNumber } from '../ui/format';
import { asKfError, useFetched, useRunRow } from '../ui/hooks';
import { LineageView } from '../ui/lineage';
import {
  Button,
  ConfirmButton,
  ErrorBox,
  ProblemBox,
  Progress,
  Skeleton,
  Tabs
} from '../ui/pieces';
import { StateBadge } from '../ui/state';
import type { RunPaper, RunRow } from '../wire';
import { LogView } from './log';
import { Overview } from './overview';

export function makeRunPage(context: IContext, id: string): KfWidget {
  return new KfWidget(context, <RunPage id={id} />, 'jp-Kf-runPage');
}

function RunPage({ id }: { id: string }): React.ReactElement {
  const { kf, trans } = useKf();
  const row = useRunRow(id);
  const state = React.useRef<string | undefined>();
  const fetched = useFetched(
    id,
    signal => kf.runs.paper(id, signal),
    // A report changes the row alone, many times a second; the rest is fetched when it may differ.
    change =>
      change.id === id &&
      change.thing === 'run' &&
      (change.action !== 'changed' || change.row?.state !== state.current)
  );
  const { error, again } = fetched;
  const data = fetched.data && fresh(fetched.data, row);
  state.current = fetched.data?.run.state;
  if (error && !data) {
    return <ErrorBox error={error} onRetry={again} />;
  }
  if (!data) {
    return <Skeleton lines={6} />;
  }
  const ended = ENDED.has(data.run.state);
  const tabs = [
    {
      id: 'overview',
      label: trans.__('Overview'),
      render: () => <Overview paper={data} />
    },
    {
      id: 'log',
      label: trans.__('Log'),
      render: () => <LogView run={id} ended={ended} />
    },
    { id: 'code', label: trans.__('Code'), render: () => <Code code={data.code} /> },
    {
      id: 'lineage',
      label: trans.__('Lineage'),
      render: () => <LineageView thing={id} />
    }
  ];
  return (
    <>
      {error ? <ErrorBox error={error} onRetry={again} /> : null}
      <Head paper={data} ended={ended} again={again} />
      <Tabs tabs={tabs} label={trans.__('Parts of this run')} />
    </>
  );
}

/** What was fetched, with what events told since. */
function fresh(paper: RunPaper, row: RunRow | undefined): RunPaper {
  if (!row || ENDED.has(paper.run.state)) {
    return paper;
  }
  const { state, reason, started_s, ended_s, progress, remaining_s, metrics } = row;
  const now = { state, reason, started_s, ended_s, progress, remaining_s, metrics };
  return { ...paper, run: { ...paper.run, ...now } };
}

/** What it is, how it goes and why, and what can be done. */
function Head(props: {
  paper: RunPaper;
  ended: boolean;
  again: () => void;
}): React.ReactElement {
  const { trans } = useKf();
  const { run } = props.paper;
  const { ended } = props;
  const share = run.progress === null ? null : toNumber(run.progress);
  const running = run.state === 'RUNNING';
  return (
    <div className="jp-Kf-head">
      <div className="jp-Kf-headLine">
        <h2>{run.name}</h2>
        <StateBadge state={run.state} live />
        <span className="jp-Kf-quiet">
          {run.kind} · <code>{run.id}</code>
        </span>
        <span className="jp-Kf-grow" />
        <Actions {...props} />
      </div>
      <div className="jp-Kf-headFacts jp-Kf-quiet">
        <span>{timesOf(props.paper, trans)}</span>
        {run.reason ? <span>{run.reason}</span> : null}
      </div>
      {ended ? null : (
        <div className="jp-Kf-headProgress">
          <Progress
            share={running ? share : 0}
            label={trans.__('Progress of the run')}
          />
          <span className="jp-Kf-quiet">{progressWords(props.paper, trans)}</span>
        </div>
      )}
      {run.error ? <ProblemBox problem={run.error} /> : null}
    </div>
  );
}

function Actions(props: {
  paper: RunPaper;
  ended: boolean;
  again: () => void;
}): React.ReactElement {
  const { kf, trans, commands } = useKf();
  const [failed, setFailed] = React.useState<unknown>(null);
  const [gone, setGone] = React.useState(false);
  const { run } = props.paper;
  const attempt = async (work: () => Promise<void>) => {
    setFailed(null);
    try {
      await work();
    } catch (failure) {
      setFailed(failure);
    }
    props.again();
  };
  const clone = async () => {
    const cell = await kf.runs.cell(run.id);
    await commands.execute(CommandIDs.insertCell, { cell });
  };
  return (
    <>
      {failed ? <ErrorBox error={asKfError(failed)} /> : null}
      <Button
        label={trans.__('Clone to a cell')}
        title={trans.__('Inserts the cell that starts this run again')}
        onClick={() => void attempt(clone)}
      />
      {props.ended ? (
        <ConfirmButton
          label={trans.__('Delete')}
          question={trans.__('Delete it for good?')}
          yes={trans.__('Delete')}
          no={trans.__('Keep')}
          disabled={gone}
          onConfirm={() =>
            void attempt(async () => {
              setGone(true);
              await kf.runs.remove(run.id);
            })
          }
        />
      ) : (
        <ConfirmButton
          label={trans.__('Cancel')}
          question={trans.__('End it and all that it started?')}
          yes={trans.__('Cancel run')}
          no={trans.__('Keep running')}
          onConfirm={() => void attempt(() => kf.runs.cancel(run.id))}
        />
      )}
    </>
  );
}

function Code({ code }: { code: string | null }): React.ReactElement {
  const { trans } = useKf();
  return code ? (
    <pre className="jp-Kf-code jp-Kf-pad">{code}</pre>
  ) : (
    <p className="jp-Kf-quiet jp-Kf-pad">
      {trans.__('This run has no cell of its own.')}
    </p>
  );
}

type Trans = IContext['trans'];

function timesOf({ run }: RunPaper, trans: Trans): string {
  const started = toNumber(run.started_s);
  const ended = toNumber(run.ended_s);
  const created = trans.__('asked for %1', formatTime(run.created_s));
  if (!Number.isFinite(started)) {
    return created;
  }
  return Number.isFinite(ended)
    ? trans.__(
        '%1 · took %2',
        formatTime(run.started_s),
        formatDuration(ended - started)
      )
    : trans.__('started %1', formatTime(run.started_s));
}

function progressWords({ run }: RunPaper, trans: Trans): string {
  const share = toNumber(run.progress);
  const left = toNumber(run.remaining_s);
  const words = Number.isFinite(share) ? `${Math.round(share * 100)} %` : '';
  return Number.isFinite(left)
    ? trans.__('%1 · %2 left', words, formatDuration(left))
    : words;
}
