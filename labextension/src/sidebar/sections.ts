/** The sections of the sidebar: where their rows come from and how a row reads. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { STATES } from '../services/validate';
import type { IKubeflow, Thing } from '../tokens';
import type { EndpointRow, RunRow, State, StudyRow, ThingRow } from '../wire';
import { formatAge, formatDuration, formatNumber, toNumber } from '../ui/format';
import { shortDigest } from '../ui/names';
import { kindWord } from '../ui/kinds';
import { finishedIn, finishedWords } from '../ui/trials';
import type { IPage } from './list';

/** One row as the list shows it. */
export interface IRow {
  id: string;
  thing: Thing;
  title: string;
  /** What is said below the title now: ages grow. */
  detail: () => string;
  state: State | null;
  /** 0 to 1 while it runs; null otherwise. */
  progress: number | null;
  /** The run to cancel or delete, when the row is one. */
  run: RunRow | null;
}

export interface IQuestion {
  search: string;
  kind: string;
  state: string;
}

export interface ISection {
  id: string;
  /** What its events are about. */
  thing: Thing;
  title: string;
  /** Of which kinds and in which states its rows may be: what they are filtered by. */
  kinds: readonly string[];
  states: readonly State[];
  empty: { text: string; code: string };
  fetch(question: IQuestion, offset: number, signal: AbortSignal): Promise<IPage<IRow>>;
}

const KINDS = ['train', 'transform', 'tune', 'serve', 'batch'];
const LIMIT = 100;

/** A run's row: what it is, how it goes, since when. */
export function runRow(run: RunRow, trans: TranslationBundle): IRow {
  const running = run.state === 'RUNNING' || run.state === 'PENDING';
  const progress = running && run.progress !== null ? toNumber(run.progress) : null;
  return {
    id: run.id,
    thing: run.kind === 'tune' ? 'study' : 'run',
    title: run.name,
    detail: () =>
      // First what the list is looked at for: a narrow one cuts off the end.
      joined(...metricWords(run), kindWord(run.kind, trans), when(run, trans)),
    state: run.state,
    progress,
    run
  };
}

function joined(...words: string[]): string {
  return words.filter(Boolean).join(' · ');
}

function when(run: RunRow, trans: TranslationBundle): string {
  if (run.state === 'PENDING') {
    return run.reason || trans.__('waiting');
  }
  const remaining = toNumber(run.remaining_s);
  if (run.state === 'RUNNING' && Number.isFinite(remaining)) {
    return trans.__('%1 left', formatDuration(remaining));
  }
  // Of when it was asked for, by which the list is in order: a long run has ended since.
  const age = formatAge(run.created_s);
  const took = toNumber(run.ended_s) - toNumber(run.started_s);
  return Number.isFinite(took) ? joined(age, formatDuration(took)) : age;
}

function metricWords({ metrics }: RunRow): string[] {
  return Object.entries(metrics)
    .slice(0, 2)
    .map(([name, value]) => `${name} ${formatNumber(value)}`);
}

export function sections(kf: IKubeflow, trans: TranslationBundle): ISection[] {
  const list = async <R>(
    path: string,
    question: IQuestion,
    offset: number,
    signal: AbortSignal
  ) => {
    const { search, kind, state } = question;
    const asked = { search, kind, state, offset, limit: LIMIT };
    return kf.rest.get<{ total: number; rows: R[]; counts?: IPage<R>['counts'] }>(
      path,
      asked,
      signal
    );
  };
  const things = (
    path: string,
    thing: Thing,
    title: string,
    text: string,
    code: string
  ) => ({
    id: path,
    thing,
    title,
    kinds: [],
    states: [],
    empty: { text, code },
    fetch: async (question: IQuestion, offset: number, signal: AbortSignal) => {
      const page = await list<ThingRow>(path, question, offset, signal);
      return { ...page, rows: page.rows.map(row => thingRow(thing, row)) };
    }
  });
  return [
    {
      id: 'runs',
      thing: 'run',
      title: trans.__('Runs'),
      kinds: KINDS,
      states: STATES,
      empty: {
        text: trans.__(
          'No run yet. Once %load_ext jupyter_kf was run, a train cell makes one:'
        ),
        code: '%%kf train first\nkf.report(answer=42)'
      },
      fetch: async (question, offset, signal) => {
        const page = await kf.runs.page(question, offset, signal);
        return { ...page, rows: page.rows.map(row => runRow(row, trans)) };
      }
    },
    {
      id: 'studies',
      thing: 'study',
      title: trans.__('Studies'),
      kinds: [],
      states: STATES.filter(state => state !== 'READY'),
      empty: {
        text: trans.__('No study yet. It searches the parameters of a train cell:'),
        code: '%kf tune NAME --param "lr=loguniform(1e-3, 0.3)" --metric auc --maximize'
      },
      fetch: async (question, offset, signal) => {
        const page = await list<StudyRow>('studies', question, offset, signal);
        return { ...page, rows: page.rows.map(row => studyRow(row, trans)) };
      }
    },
    things(
      'models',
      'model',
      trans.__('Models'),
      trans.__('No model yet. A train cell keeps what it leaves in `model`:'),
      '%%kf train NAME --data DATASET --transform TRANSFORM\nmodel = ...'
    ),
    {
      id: 'endpoints',
      thing: 'endpoint',
      title: trans.__('Endpoints'),
      kinds: [],
      states: STATES.filter(state => state !== 'SUCCEEDED'),
      empty: {
        text: trans.__('No endpoint yet. It serves a model with its own transform:'),
        code: '%kf serve MODEL'
      },
      fetch: async (question, offset, signal) => {
        const page = await list<EndpointRow>('endpoints', question, offset, signal);
        return { ...page, rows: page.rows.map(row => endpointRow(row, trans)) };
      }
    },
    things(
      'transforms',
      'transform',
      trans.__('Transforms'),
      trans.__('No transform yet. It prepares rows the same way everywhere:'),
      '%%kf transform prepare --data DATASET --target COLUMN\ndef transform(df):\n    return df'
    ),
    things(
      'datasets',
      'dataset',
      trans.__('Datasets'),
      trans.__('No dataset yet. A snapshot of a frame or of files, with a profile:'),
      '%kf data NAME FRAME'
    )
  ];
}

function thingRow(thing: Thing, row: ThingRow): IRow {
  const { version, digest, created_s } = row;
  return {
    id: row.name,
    thing,
    title: row.name,
    detail: () => joined(`v${version}`, shortDigest(digest), formatAge(created_s)),
    state: null,
    progress: null,
    run: null
  };
}

function studyRow(row: StudyRow, trans: TranslationBundle): IRow {
  const base = runRow(row.run, trans);
  const trials = finishedWords(finishedIn(row.trials), row.total, trans);
  const detail = () => joined(trials, base.detail());
  return { ...base, thing: 'study', title: row.name, detail };
}

function endpointRow(row: EndpointRow, trans: TranslationBundle): IRow {
  const parity =
    row.parity_ok === null
      ? ''
      : row.parity_ok
        ? trans.__('parity proven')
        : trans.__('parity broken');
  return {
    id: row.name,
    thing: 'endpoint',
    title: row.name,
    detail: () => joined(`v${row.version}`, parity),
    state: row.state,
    progress: null,
    run: null
  };
}
