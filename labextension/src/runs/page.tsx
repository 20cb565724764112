/** The page of one run: how it goes, then metrics, log, code and lineage in tabs. */
import * as React from 'react';
import '../../style/run.css';
import { ENDED } from '../services/validate';
import { CommandIDs } from '../tokens';
import { Ago } from '../ui/clock';
import { closeWhenRemoved } from '../ui/closing';
import { type IContext, KfWidget, useKf } from '../ui/context';
import { formatDuration, formatTime, toNumber } from '../ui/format';
import { useFetched, useRunRow } from '../ui/hooks';
import { useInsert } from '../ui/insert';
import { kindWord } from '../ui/kinds';
import { LineageView } from '../ui/lineage';
import { LookOnly, Only, useMay } from '../ui/may';
import { firstLine } from '../ui/names';
import { ActionNote, CodeBlock, type IAction, useAction } from '../ui/page';
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
import { deleteQuestion } from './deletion';
import { LogView } from './log';
import { Overview } from './overview';

export function makeRunPage(context: IContext, id: string): KfWidget {
  const page = new KfWidget(context, <RunPage id={id} />, 'jp-Kf-runPage');
  return closeWhenRemoved(page, context.kf, id);
}

function RunPage({ id }: { id: string }): React.ReactElement {
  const { kf, trans } = useKf();
  const row = useRunRow(id);
  const state = React.useRef<string | undefined>();
  // While it is being deleted nothing of it is asked for: the answers would be that it is gone.
  const [leaving, leave] = React.useState(false);
  const fetched = useFetched(
    id,
    signal => kf.runs.paper(id, signal),
    // A report changes the row alone, many times a second; the rest is fetched when it may differ.
    change =>
      !leaving &&
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
    { id: 'code', label: trans.__('Code'), render: () => <Code paper={data} /> },
    {
      id: 'lineage',
      label: trans.__('Lineage'),
      render: () => <LineageView thing={id} />
    }
  ];
  return (
    <>
      {error ? <ErrorBox error={error} onRetry={again} /> : null}
      <Head paper={data} ended={ended} again={again} leave={leave} />
      {leaving ? (
        <p className="jp-Kf-quiet jp-Kf-pad">{trans.__('It is being deleted…')}</p>
      ) : (
        <Tabs tabs={tabs} label={trans.__('Parts of this run')} />
      )}
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
  leave: (leaving: boolean) => void;
}): React.ReactElement {
  const { trans } = useKf();
  const { run } = props.paper;
  const { ended } = props;
  const share = run.progress === null ? null : toNumber(run.progress);
  const running = run.state === 'RUNNING';
  const action = useAction();
  return (
    <div className="jp-Kf-head">
      <div className="jp-Kf-headLine">
        <h2>{run.name}</h2>
        <StateBadge state={run.state} kind={run.kind} live />
        <span className="jp-Kf-quiet">
          {kindWord(run.kind, trans)} · <code>{run.id}</code>
        </span>
        <span className="jp-Kf-grow" />
        <Actions {...props} action={action} />
      </div>
      <div className="jp-Kf-headFacts jp-Kf-quiet">
        <Times {...props.paper} />
        {saidElsewhere(run) ? null : <span>{run.reason}</span>}
        <From paper={props.paper} again={props.again} />
      </div>
      {ended || run.state === 'READY' ? null : (
        <div className="jp-Kf-headProgress">
          <Progress
            share={running ? share : 0}
            label={trans.__('Progress of the run')}
          />
          <span className="jp-Kf-quiet">{progressWords(props.paper, trans)}</span>
        </div>
      )}
      {run.error ? <ProblemBox problem={run.error} /> : null}
      <LookOnly may={ended ? 'delete' : 'runs'} />
      <ActionNote action={action} />
    </div>
  );
}

/** Whether the error below says the reason already, or there is none. */
function saidElsewhere({ reason, state, error }: RunPaper['run']): boolean {
  return (
    !reason ||
    reason === state.toLowerCase() ||
    (error !== null && `${error.message} ${error.cause}`.includes(reason))
  );
}

/** The notebook it was started from: a link to its cell while it is where it was. */
function From(props: {
  paper: RunPaper;
  again: () => void;
}): React.ReactElement | null {
  const { kf, trans, commands } = useKf();
  const { notebook, run } = props.paper;
  if (!run.origin) {
    return null;
  }
  const path = notebook?.path ?? run.origin.notebook;
  if (!notebook?.there) {
    return (
      <span title={path}>
        {notebook
          ? trans.__(
              'from %1, which is not there any more, nor is its cell in one notebook beside it',
              path
            )
          : trans.__('from %1', path)}
      </span>
    );
  }
  const open = async () => {
    const now = (await kf.runs.paper(run.id)).notebook; // it may have been moved since
    if (now?.there) {
      const { path, cell } = now;
      await commands.execute(CommandIDs.showCell, { path, cell });
    }
    props.again();
  };
  return (
    <span>
      {trans.__('from')}{' '}
      <button
        type="button"
        className="jp-Kf-linkButton"
        title={trans.__('Opens %1 at the cell of this run', path)}
        onClick={() => void open().catch(props.again)}
      >
        {path}
      </button>
    </span>
  );
}

function Actions(props: {
  paper: RunPaper;
  ended: boolean;
  action: IAction;
  again: () => void;
  leave: (leaving: boolean) => void;
}): React.ReactElement {
  const { kf, trans } = useKf();
  const { action, paper, again, leave } = props;
  const { run } = paper;
  const may = useMay();
  const clone = useClone(paper, action.clear);
  const remove = () => {
    leave(true);
    action.run('delete', async () => {
      try {
        await kf.runs.remove(run.id); // which closes this page
      } catch (failure) {
        leave(false);
        again();
        throw failure;
      }
      return null;
    });
  };
  const cancel = () =>
    action.run('cancel', async () => {
      await kf.runs.cancel(run.id).finally(again);
      return null;
    });
  return (
    <>
      <Only may="cells">
        <Button
          label={trans.__('Clone to a cell')}
          title={trans.__('Inserts the cell that starts this run again')}
          disabled={action.busy !== null}
          onClick={() => action.run('clone', clone)}
        />
      </Only>
      {!may(props.ended ? 'delete' : 'runs') ? null : props.ended ? (
        <ConfirmButton
          label={trans.__('Delete')}
          question={deleteQuestion(paper, trans)}
          yes={trans.__('Delete')}
          no={trans.__('Keep')}
          disabled={action.busy === 'delete'}
          onConfirm={remove}
        />
      ) : (
        <ConfirmButton
          label={run.kind === 'serve' ? trans.__('Stop') : trans.__('Cancel')}
          question={trans.__('End it and all that it started?')}
          yes={run.kind === 'serve' ? trans.__('Stop it') : trans.__('Cancel run')}
          no={trans.__('Keep running')}
          onConfirm={cancel}
        />
      )}
    </>
  );
}

/** Puts the run's cell below the one that it came from, and says where it is. */
function useClone({ run }: RunPaper, gone: () => void): () => Promise<React.ReactNode> {
  const { kf } = useKf();
  const insert = useInsert(gone);
  return async () => {
    const cell = await kf.runs.cell(run.id);
    const { notebook } = await kf.runs.paper(run.id); // it may have been moved since
    const from = notebook?.there
      ? { notebook: notebook.path, below: notebook.cell }
      : {};
    return insert({ cell, ...from });
  };
}

/**
 * The cell that starts this run again: its line, and the code that ran.
 *
 * Lines are counted as in its tracebacks: a cell of Python or REST had no line of a magic.
 */
function Code({ paper }: { paper: RunPaper }): React.ReactElement {
  const { kf, trans } = useKf();
  const { id } = paper.run;
  const { data, error, again } = useFetched(
    id,
    () => kf.runs.cell(id),
    () => false // what was asked never changes
  );
  if (error) {
    return <ErrorBox error={error} onRetry={again} />;
  }
  return data === null ? (
    <Skeleton lines={6} />
  ) : (
    <div className="jp-Kf-pad">
      <CodeBlock
        code={data}
        label={trans.__('Code of the run')}
        first={firstLine(data, paper.code ?? data, paper.first_line)}
      />
    </div>
  );
}

type Trans = IContext['trans'];

/** When it was asked for, began and how long it took; ages while it goes on. */
function Times({ run }: RunPaper): React.ReactElement {
  const { trans } = useKf();
  const started = toNumber(run.started_s);
  const ended = toNumber(run.ended_s);
  if (!Number.isFinite(started)) {
    return <Ago at_s={run.created_s} words={age => trans.__('asked for %1', age)} />;
  }
  if (!Number.isFinite(ended)) {
    return <Ago at_s={started} words={age => trans.__('started %1', age)} />;
  }
  const took = formatDuration(ended - started);
  return <span>{trans.__('%1 · took %2', formatTime(started), took)}</span>;
}

function progressWords({ run }: RunPaper, trans: Trans): string {
  const share = toNumber(run.progress);
  const left = toNumber(run.remaining_s);
  const words = Number.isFinite(share) ? `${Math.round(share * 100)} %` : '';
  return Number.isFinite(left)
    ? trans.__('%1 · %2 left', words, formatDuration(left))
    : words;
}
