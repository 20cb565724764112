/** Runs side by side: metrics, what was set differently, and their lines in one plot each. */
import * as React from 'react';
import { ENDED } from '../services/validate';
import { MOST_COMPARED } from '../tokens';
import { type IContext, KfWidget, useKf } from '../ui/context';
import { kindWord } from '../ui/kinds';
import { labelOf, valueOf } from '../ui/labels';
import {
  ActionNote,
  Fetched,
  PageHead,
  ThingLink,
  useAction,
  useKept
} from '../ui/page';
import { Button, Section } from '../ui/pieces';
import { PlotView } from '../ui/plot';
import { useSome } from '../ui/some';
import { StateIcon, stateWord } from '../ui/state';
import { Table } from '../ui/table';
import type { ComparePaper, RunPage } from '../wire';
import { CodeLines, TransformLines } from './code';
import {
  asShown,
  byAge,
  counted,
  drawable,
  type ICompared,
  metrics,
  overlaid,
  settings
} from './model';
import { comparison, runsOf } from './title';

/** All that they reported comes whole with each answer: no oftener than this. */
const PACE_MS = 1_000;

/** So wide is the column of a run at least. */
const RUN_PX = 120;

export function makeComparePage(context: IContext, id: string): KfWidget {
  const rename = (title: string) => {
    page.title.label = title;
  };
  const page: KfWidget = new KfWidget(
    context,
    <Compare id={id} rename={rename} />,
    'jp-Kf-comparePage'
  );
  return page;
}

function Compare(props: {
  id: string;
  /** Of the page's tab, when other runs are compared on it. */
  rename: (title: string) => void;
}): React.ReactElement {
  const { trans } = useKf();
  const [given, setRuns] = React.useState(() => runsOf(props.id));
  const [shown, setShown] = React.useState<readonly string[]>([]);
  const runs = asShown(given, shown);
  React.useEffect(() => {
    props.rename(comparison(runs, trans));
  }, [runs.join(',')]);
  return (
    <>
      <PageHead
        kind=""
        title={trans.__('Compare runs')}
        detail={trans._n('%1 run', '%1 runs', runs.length)}
      />
      <div className="jp-Kf-body">
        <Picker runs={runs} change={setRuns} />
        {runs.length > 1 ? (
          <Side runs={given} onShown={setShown} />
        ) : (
          <p className="jp-Kf-quiet">
            {trans.__(
              'Add at least two runs: by name or id, or choose them in the sidebar.'
            )}
          </p>
        )}
      </div>
    </>
  );
}

/** Which runs: each can be taken out, and more added by typing. */
function Picker(props: {
  runs: readonly string[];
  change: (runs: string[]) => void;
}): React.ReactElement {
  const { kf, trans } = useKf();
  const { runs, change } = props;
  const [text, setText] = React.useState('');
  const [known, setKnown] = React.useState<RunPage['rows']>([]);
  const id = React.useId();
  React.useEffect(() => {
    let alive = true;
    const timer = window.setTimeout(() => {
      kf.runs.page({ search: text }, 0).then(
        page => alive && setKnown(page.rows.slice(0, 30)),
        () => undefined // completion only
      );
    }, 150);
    return () => {
      alive = false;
      window.clearTimeout(timer);
    };
  }, [kf, text]);
  const action = useAction();
  const add = () => {
    const typed = text.trim();
    if (typed) {
      action.run('add', async () => {
        const { run } = await kf.runs.paper(typed); // a name means its newest run
        setText('');
        if (runs.includes(run.id)) {
          return trans.__('%1 is here already.', run.id);
        }
        change([...runs, run.id]);
        return null;
      });
    }
  };
  return (
    <form
      className="jp-Kf-picker"
      onSubmit={event => {
        event.preventDefault();
        add();
      }}
    >
      {runs.length ? (
        <ul aria-label={trans.__('Runs that are compared')}>
          {runs.map(run => (
            <li key={run}>
              <ThingLink thing="run" id={run} />
              <button
                type="button"
                className="jp-Kf-drop"
                aria-label={trans.__('Leave %1 out', run)}
                onClick={() => change(runs.filter(one => one !== run))}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      ) : null}
      <span className="jp-Kf-inline">
        <input
          type="text"
          className="jp-mod-styled"
          list={id}
          spellCheck={false}
          placeholder={trans.__('Run to add')}
          aria-label={trans.__('Run to add')}
          value={text}
          onChange={event => {
            setText(event.target.value);
            action.clear();
          }}
        />
        <datalist id={id}>
          {known.map(run => (
            <option key={run.id} value={run.id}>
              {`${kindWord(run.kind, trans)} ${run.name}, ${stateWord(run.state, trans, run.kind)}`}
            </option>
          ))}
        </datalist>
        <Button
          label={trans.__('Add')}
          disabled={
            !text.trim() || runs.length >= MOST_COMPARED || action.busy !== null
          }
          title={
            runs.length >= MOST_COMPARED
              ? trans.__('At most %1 at once', MOST_COMPARED)
              : undefined
          }
          onClick={add}
        />
      </span>
      <ActionNote action={action} />
    </form>
  );
}

function Side(props: {
  runs: readonly string[];
  /** Takes the runs in the order of the tables. */
  onShown: (runs: readonly string[]) => void;
}): React.ReactElement {
  const { kf } = useKf();
  const { runs, onShown } = props;
  const told = useKept(
    runs.join(','),
    signal => kf.rest.get<ComparePaper>('compare', { run: [...runs] }, signal),
    change => change.row !== null && runs.includes(change.id),
    () => PACE_MS
  );
  React.useEffect(() => {
    if (told.data?.more) {
      told.again();
    }
  }, [told.data]);
  const paper = React.useMemo(() => told.data && byAge(told.data), [told.data]);
  const shown = paper?.runs.map(({ id }) => id).join(',');
  React.useEffect(() => onShown(shown ? shown.split(',') : []), [shown]);
  return (
    <Fetched told={{ ...told, data: paper }}>{data => <Tables paper={data} />}</Fetched>
  );
}

function Tables({ paper }: { paper: ComparePaper }): React.ReactElement {
  const { trans } = useKf();
  const differ = settings(paper, trans);
  const same = Object.entries(paper.same);
  return (
    <>
      <Section title={trans.__('Results')}>
        <SideTable
          label={trans.__('Results of the runs')}
          paper={paper}
          rows={metrics(paper)}
          none={trans.__('They reported nothing.')}
          states
        />
      </Section>
      <Section title={trans.__('What was set differently')}>
        <SideTable
          label={trans.__('Settings that differ')}
          paper={paper}
          rows={differ}
          none={trans.__('Nothing: they were asked the same.')}
          titles={name => labelOf(name, trans)}
        />
        {same.length ? (
          <details className="jp-Kf-more">
            <summary>
              {trans._n(
                '%1 setting is the same',
                '%1 settings are the same',
                same.length
              )}
            </summary>
            <dl className="jp-Kf-facts">
              {same.map(([name, value]) => (
                <React.Fragment key={name}>
                  <dt>{labelOf(name, trans)}</dt>
                  <dd>{valueOf(name, value, trans)}</dd>
                </React.Fragment>
              ))}
            </dl>
          </details>
        ) : null}
      </Section>
      {paper.settings['code'] ? <CodeLines paper={paper} /> : null}
      <TransformLines paper={paper} />
      <Lines paper={paper} />
    </>
  );
}

function SideTable(props: {
  label: string;
  paper: ComparePaper;
  rows: ICompared[];
  none: string;
  states?: boolean;
  titles?: (name: string) => string;
}): React.ReactElement {
  const { trans } = useKf();
  const { paper, rows, states } = props;
  if (!rows.length && !states) {
    return <p className="jp-Kf-quiet">{props.none}</p>;
  }
  const state: ICompared = {
    name: trans.__('state'),
    values: [],
    high: null,
    low: null
  };
  return (
    <Table
      label={props.label}
      even_px={RUN_PX}
      rows={states ? [state, ...rows] : rows}
      keyOf={row => row.name}
      columns={[
        {
          key: 'name',
          title: states ? trans.__('Result') : trans.__('Setting'),
          cell: row => (
            <span className="jp-Kf-quiet">{props.titles?.(row.name) ?? row.name}</span>
          )
        },
        ...paper.runs.map((run, at) => ({
          key: run.id,
          title: run.kind === 'tune' ? trans.__('%1 (study)', run.id) : run.id,
          help: `${kindWord(run.kind, trans)} ${run.name}`,
          cell: (row: ICompared) =>
            row === state ? (
              <span className="jp-Kf-cellState">
                <StateIcon state={run.state} />
                <span>{stateWord(run.state, trans, run.kind)}</span>
              </span>
            ) : (
              <>
                {row.values[at] || <span className="jp-Kf-quiet">–</span>}
                {row.high === at ? <Mark text={trans.__('highest')} /> : null}
                {row.low === at ? <Mark text={trans.__('lowest')} /> : null}
              </>
            )
        }))
      ]}
    />
  );
}

function Mark({ text }: { text: string }): React.ReactElement {
  return <span className="jp-Kf-quiet"> {text}</span>;
}

function Lines({ paper }: { paper: ComparePaper }): React.ReactElement {
  const { trans } = useKf();
  const names = React.useMemo(() => drawable(paper), [paper]);
  const { shown, more } = useSome(names, 12);
  const running = paper.runs.some(run => !ENDED.has(run.state));
  return (
    <Section title={trans.__('Metrics over steps')}>
      {paper.more ? (
        <p className="jp-Kf-quiet">
          {trans.__('So much was reported that it is still being read.')}
        </p>
      ) : null}
      {names.length ? (
        <>
          <div className="jp-Kf-columns">
            {shown.map(name => (
              <Overlay key={name} paper={paper} name={name} />
            ))}
          </div>
          {more}
        </>
      ) : (
        <p className="jp-Kf-quiet">
          {running
            ? trans.__('Nothing reported yet.')
            : trans.__('None was reported more than once: kf.report(step=i, loss=...)')}
        </p>
      )}
    </Section>
  );
}

function Overlay(props: { paper: ComparePaper; name: string }): React.ReactElement {
  const { trans } = useKf();
  const { paper, name } = props;
  const points = React.useMemo(() => overlaid(paper, name), [paper, name]);
  const series = paper.runs.map(run => run.id);
  return (
    <div>
      <div className="jp-Kf-quiet">{name}</div>
      <PlotView
        label={trans.__('%1 of %2 over steps', name, series.join(', '))}
        height={230}
        data={points}
        draw={(plots, size) =>
          plots.lines(points, {
            ...size,
            series,
            legend: true,
            xLabel: counted(paper, trans)
          })
        }
      />
    </div>
  );
}
