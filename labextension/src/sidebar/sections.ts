/** The sections of the sidebar: where their rows come from and how a row reads. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { STATES } from '../services/validate';
import type { IKubeflow, Thing } from '../tokens';
import type {
  EndpointPage,
  EndpointRow,
  RunRow,
  State,
  StudyRow,
  ThingRow
} from '../wire';
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
  /** A run's row, with what the last answer knew of it; of the runs only. */
  row?: (run: RunRow) => IRow;
}

/** The run that has the traffic of each endpoint, by the endpoint's name. */
type Holders = ReadonlyMap<string, string>;

/** The sections that were open, as they were kept; at first the runs. */
export function openOf(kept: unknown): readonly string[] {
  return Array.isArray(kept) ? kept.filter(id => typeof id === 'string') : ['runs'];
}

const KINDS = ['train', 'transform', 'tune', 'serve', 'batch'];
const LIMIT = 100;

/** A run's row: what it is, how it goes, since when. */
export function runRow(
  run: RunRow,
  trans: TranslationBundle,
  holders: Holders = new Map()
): IRow {
  const running = run.state === 'RUNNING' || run.state === 'PENDING';
  const progress = running && run.progress !== null ? toNumber(run.progress) : null;
  return {
    id: run.id,
    thing: run.kind === 'tune' ? 'study' : 'run',
    title: run.name,
    detail: () =>
      // First what the list is looked at for: a narrow one cuts off the end.
      joined(
        whyFailed(run),
        ...metricWords(run),
        kindWord(run.kind, trans),
        trafficWords(run, holders, trans),
        when(run, trans)
      ),
    state: run.state,
    progress,
    run
  };
}

function joined(...words: string[]): string {
  return words.filter(Boolean).join(' · ');
}

/** Why it failed, in a line; empty for one that did not. */
function whyFailed({ state, error, reason }: RunRow): string {
  const failed = state === 'FAILED' || state === 'LOST';
  return failed ? (error?.message || reason).split('\n')[0] : '';
}

/** Whether a version of an endpoint that is ready has the traffic; empty where that is unknown. */
function trafficWords(run: RunRow, holders: Holders, trans: TranslationBundle): string {
  const holder = holders.get(run.name);
  return run.kind !== 'serve' || run.state !== 'READY' || !holder
    ? ''
    : holder === run.id
      ? trans.__('has the traffic')
      : trans.__('kept warm');
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
      return { ...page, rows: page.rows.map(row => thingRow(thing, row, trans)) };
    }
  });
  let holders: Holders = new Map();
  const row = (run: RunRow) => runRow(run, trans, holders);
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
        if (
          page.rows.some(({ kind, state }) => kind === 'serve' && state === 'READY')
        ) {
          holders = await holding(kf, signal).catch(() => holders);
        }
        return { ...page, rows: page.rows.map(row) };
      },
      row
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

function thingRow(thing: Thing, row: ThingRow, trans: TranslationBundle): IRow {
  const { version, versions, digest, created_s } = row;
  const age = () => formatAge(created_s);
  // The page of a model's name is that of its best version, which the newest need not be.
  const several = thing === 'model' && versions > 1;
  return {
    id: row.name,
    thing,
    title: row.name,
    detail: () =>
      several
        ? joined(
            trans._n('%1 version', '%1 versions', versions),
            trans.__('newest %1', age())
          )
        : joined(`v${version}`, shortDigest(digest), age()),
    state: null,
    progress: null,
    run: null
  };
}

async function holding(kf: IKubeflow, signal: AbortSignal): Promise<Holders> {
  const asked = { state: 'READY', limit: LIMIT };
  const { rows } = await kf.rest.get<EndpointPage>('endpoints', asked, signal);
  return new Map(rows.map(({ name, run }) => [name, run.id]));
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
    detail: () => joined(whyFailed(row.run), `v${row.version}`, parity),
    state: row.state,
    progress: null,
    run: null
  };
}
