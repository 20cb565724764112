/** What the server says of a form: its cell or its mistakes, and the names that complete it. */
import * as React from 'react';
import { write } from '../services/json';
import { newestTrain } from '../services/newest';
import { useKf } from '../ui/context';
import { asKfError } from '../ui/hooks';
import type { Change, Draft, Mistake, Problem, RunPage, ThingPage } from '../wire';
import { drafted } from './draft';
import type { Contents, IField, IOffered, IRequest, Names } from './model';
import type { Verb } from './verbs';

const PAUSE_MS = 250;
const NAMED = new Set<string>(['dataset', 'transform', 'model', 'study']);

export interface ITold {
  cell: string | null;
  problems: readonly Mistake[];
  /** Something was typed that is no value of its field's kind; said here, not asked. */
  wrong: boolean;
  /** Why nothing could be asked. */
  failure: Problem | null;
}

const NOTHING_TOLD: ITold = { cell: null, problems: [], wrong: false, failure: null };

/** What the server makes of the form, after a pause in typing; the last answer counts. */
export function useCell(
  verb: Verb,
  asked: IRequest,
  code: string | null,
  version: number
): ITold {
  const { kf } = useKf();
  const [told, set] = React.useState(NOTHING_TOLD);
  const body = { verb, fields: asked.fields, ...(code === null ? {} : { code }) };
  const key = write(body);
  const said = Object.keys(asked.wrong).sort().join(' '); // here, so not the server's to say
  React.useEffect(() => {
    let current = true;
    const here = new Set(said.split(' ').filter(Boolean));
    const wrong = here.size > 0;
    const answered = ({ cell, problems }: Draft) =>
      set({
        ...NOTHING_TOLD,
        cell: wrong ? null : cell,
        problems: problems.filter(({ field }) => field === null || !here.has(field)),
        wrong
      });
    const timer = window.setTimeout(() => {
      drafted(kf.rest, body).then(
        draft => current && answered(draft),
        failure =>
          current && set({ ...NOTHING_TOLD, failure: asKfError(failure).problem })
      );
    }, PAUSE_MS);
    return () => {
      current = false;
      window.clearTimeout(timer);
    };
  }, [kf, key, said, version]);
  return told;
}

/** Counts what came and went in the store: names that are right now may have been wrong before. */
export function useVersion(): number {
  const { kf } = useKf();
  const [version, count] = React.useReducer((n: number) => n + 1, 0);
  React.useEffect(() => {
    const onChange = (_: unknown, { thing, action }: Change) =>
      NAMED.has(thing) || (thing === 'run' && action === 'ended') ? count() : undefined;
    kf.changed.connect(onChange);
    kf.stale.connect(count);
    return () => {
      kf.changed.disconnect(onChange);
      kf.stale.disconnect(count);
    };
  }, [kf]);
  return version;
}

const NOTHING_OFFERED: IOffered = { params: [], metric: [] };

/** Parameters and metrics of the cell that a search is of; nothing when that can't be known. */
export function useOffered(verb: Verb, contents: Contents, version: number): IOffered {
  const { kf } = useKf();
  const [offered, set] = React.useState(NOTHING_OFFERED);
  const text = (field: string) => String(contents[field] ?? '').trim();
  const [name, run] = verb === 'tune' ? [text('name'), text('run')] : ['', ''];
  React.useEffect(() => {
    let alive = true;
    set(NOTHING_OFFERED);
    const look = async () => {
      const id = run || (await newestTrain(kf.rest, name));
      const told = id ? (await kf.runs.paper(id)).run : null;
      if (alive && told?.kind === 'train') {
        const params = Object.keys((told.spec['params'] ?? {}) as object);
        set({ params, metric: Object.keys(told.metrics) });
      }
    };
    const timer = window.setTimeout(
      () => (name || run ? void look().catch(() => undefined) : undefined),
      PAUSE_MS
    );
    return () => {
      alive = false;
      window.clearTimeout(timer);
    };
  }, [kf, name, run, version]);
  return offered;
}

/** Names of the store's things, for the fields that take one; none when they can't be had. */
export function useNames(
  fields: readonly IField[],
  version: number
): Partial<Record<Names, string[]>> {
  const { kf } = useKf();
  const [names, set] = React.useState<Partial<Record<Names, string[]>>>({});
  const wanted = [
    ...new Set(fields.flatMap(({ names }) => (names ? [names] : [])))
  ].join(' ');
  React.useEffect(() => {
    let alive = true;
    for (const path of wanted.split(' ').filter(Boolean)) {
      const runs = path === 'runs' || path === 'cells';
      const limit = path === 'runs' ? 50 : 500;
      const query = runs ? { limit, kind: 'train' } : { limit };
      kf.rest.get<ThingPage | RunPage>(runs ? 'runs' : path, query).then(
        ({ rows }) => {
          const all = rows.map(row =>
            path === 'runs' && 'id' in row ? row.id : row.name
          );
          const found = [...new Set(all)];
          if (alive) {
            set(now => ({ ...now, [path]: found }));
          }
        },
        () => undefined // completion only: the form works without
      );
    }
    return () => {
      alive = false;
    };
  }, [kf, wanted, version]);
  return names;
}
