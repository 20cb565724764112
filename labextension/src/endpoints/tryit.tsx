/** Try it: a form for one row, or pasted JSON, and what the endpoint answers. */
import * as React from 'react';
import { parse, whole, write } from '../services/json';
import { KfError, part } from '../services/rest';
import { useKf } from '../ui/context';
import { formatDuration, formatNumber, toNumber, typeWord } from '../ui/format';
import { asKfError } from '../ui/hooks';
import { LookOnly, Only, useMay } from '../ui/may';
import { Button, ErrorBox, Section } from '../ui/pieces';
import { Table } from '../ui/table';
import type { Column, Predicted } from '../wire';
import {
  columnOf,
  examples,
  kindOf,
  noteOf,
  parsePasted,
  parseRow,
  type Typed,
  unusual
} from './form';

const MOST_FIELDS = 200;
const MOST_ANSWERS = 100;
const SLOW_S = 3;

export function TryIt(props: {
  name: string;
  columns: readonly Column[];
  ready: boolean;
  /** Which version has the traffic. */
  version: number;
  /** It was asked, and has answered or refused. */
  onAnswer: () => void;
}): React.ReactElement {
  const { trans } = useKf();
  const { columns } = props;
  const may = useMay();
  const [asJson, setAsJson] = React.useState(columns.length > MOST_FIELDS);
  const [typed, setTyped] = React.useState<Typed>(() => examples(columns));
  const [pasted, setPasted] = React.useState('');
  const asked = useAsked(props.name, props.version, props.onAnswer);
  const { row, wrong } = parseRow(columns, typed, trans);
  const [touched, touch] = React.useState(false);
  const refused = asked.error && columnOf(asked.error.problem, columns);
  const text = parsePasted(pasted, trans);
  const change = (name: string, value: string) => {
    setTyped(now => ({ ...now, [name]: value }));
    asked.clear();
  };
  const send = () => {
    touch(true);
    if (asJson) {
      if ('rows' in text) {
        asked.send(text.rows);
      }
    } else if (Object.keys(wrong).length === 0) {
      asked.send(write([row]));
    }
  };
  const swap = () => {
    if (!asJson) {
      setPasted(write([row], 1));
    }
    setAsJson(!asJson);
    asked.clear();
  };
  return (
    <Section
      title={trans.__('Try it')}
      aside={
        <Button
          label={asJson ? trans.__('Use the form') : trans.__('Paste JSON')}
          disabled={columns.length > MOST_FIELDS}
          onClick={swap}
        />
      }
    >
      <form
        className="jp-Kf-try"
        onSubmit={event => {
          event.preventDefault();
          if (may('endpoints')) {
            send(); // Enter in a field asks as well
          }
        }}
      >
        {asJson ? (
          <label className="jp-Kf-field">
            <span>{trans.__('Rows as JSON')}</span>
            <textarea
              className="jp-mod-styled"
              spellCheck={false}
              rows={8}
              value={pasted}
              placeholder={write([exampleRow(columns)])}
              aria-invalid={touched && 'wrong' in text}
              onChange={event => {
                setPasted(event.target.value);
                asked.clear();
              }}
            />
            <span className="jp-Kf-fieldError" role="alert">
              {touched && 'wrong' in text ? text.wrong : ''}
            </span>
          </label>
        ) : (
          <div className="jp-Kf-fields">
            {columns.map(column => (
              <Field
                key={column.name}
                column={column}
                value={typed[column.name] ?? ''}
                change={change}
                wrong={
                  refused === column.name
                    ? asked.error!.problem.message
                    : (wrong[column.name] ?? '')
                }
              />
            ))}
          </div>
        )}
        <div className="jp-Kf-inline">
          <Only may="endpoints">
            <button
              type="submit"
              className="jp-Kf-button jp-mod-styled jp-mod-accept"
              disabled={!props.ready || asked.busy}
            >
              {asked.busy ? trans.__('Predicting…') : trans.__('Predict')}
            </button>
          </Only>
          <LookOnly may="endpoints" />
          {asked.busy ? (
            <Button label={trans.__('Stop waiting')} onClick={asked.clear} />
          ) : null}
          {asked.busy ? <Waited /> : null}
          <span aria-live="polite">
            {asked.answer ? <Answered answer={asked.answer} by={asked.by} /> : null}{' '}
            {props.ready ? null : (
              <span className="jp-Kf-quiet">
                {trans.__('It takes no traffic now.')}
              </span>
            )}
          </span>
        </div>
      </form>
      {asked.error ? <ErrorBox error={asked.error} /> : null}
      {asked.answer ? <Answers answer={asked.answer} /> : null}
    </Section>
  );
}

/** How long there was no answer, once that is longer than people expect. */
function Waited(): React.ReactElement {
  const { trans } = useKf();
  const [waited_s, set] = React.useState(0);
  React.useEffect(() => {
    const timer = window.setInterval(() => set(seconds => seconds + 1), 1_000);
    return () => window.clearInterval(timer);
  }, []);
  const slow = waited_s >= SLOW_S;
  return (
    <>
      <span role="timer" className="jp-Kf-waited">
        {slow ? trans.__('No answer for %1 s; still waiting.', waited_s) : ''}
      </span>
      <span className="jp-Kf-unseen" aria-live="polite">
        {slow ? trans.__('There is no answer yet.') : ''}
      </span>
    </>
  );
}

/** The answer to one row, beside the button; of more rows how many, which the table below has. */
function Answered(props: { answer: Predicted; by: number }): React.ReactElement {
  const { trans } = useKf();
  const { answer, by } = props;
  const [row] = answer.predictions;
  const one = answer.predictions.length === 1 && 'prediction' in row;
  return (
    <>
      {one ? <b className="jp-Kf-answer">{shown(row['prediction'])}</b> : null}{' '}
      <span className="jp-Kf-quiet">
        {trans.__(
          'Answered by version %1 in %2',
          by,
          formatDuration(toNumber(answer.took_s))
        )}
      </span>
    </>
  );
}

function exampleRow(columns: readonly Column[]): Record<string, unknown> {
  return Object.fromEntries(
    columns.slice(0, 4).map(one => [one.name, large(one) ?? one.example])
  );
}

/** An example that is a whole number of more digits than JavaScript's have. */
function large(column: Column): number | bigint | undefined {
  return kindOf(column) === 'whole' ? whole(String(column.example)) : undefined;
}

interface IAsked {
  busy: boolean;
  answer: Predicted | null;
  /** The version that had the traffic when it was asked: another may have it since. */
  by: number;
  error: KfError | null;
  /** Rows as JSON, sent as they are. */
  send: (rows: string) => void;
  /** Forgets the answer, and doesn't wait for one. */
  clear: () => void;
}

/** One question at a time. An endpoint may hang: the form stays usable, the wait can be left. */
function useAsked(name: string, version: number, onAnswer: () => void): IAsked {
  const { kf } = useKf();
  const nothing = { busy: false, answer: null, by: version, error: null };
  const [state, set] = React.useState<Omit<IAsked, 'send' | 'clear'>>(nothing);
  const asked = React.useRef<AbortController | null>(null);
  // The request is given up too: a browser allows six at a time, and it may hang for long.
  const leave = () => asked.current?.abort();
  React.useEffect(() => leave, []);
  const clear = () => {
    leave();
    set(nothing);
  };
  const send = (rows: string) => {
    leave();
    const { signal } = (asked.current = new AbortController());
    set({ ...nothing, busy: true });
    const path = `endpoints/${part(name)}/predict`;
    const body = `{"rows":${rows}}`;
    const answered = async () => {
      const told = await kf.rest.raw(path, { method: 'POST', body, signal });
      return parse<Predicted>(await told.text());
    };
    void answered()
      .then(
        answer => signal.aborted || set({ ...nothing, answer }),
        failure => signal.aborted || set({ ...nothing, error: asKfError(failure) })
      )
      .finally(onAnswer);
  };
  return { ...state, send, clear };
}

function Field(props: {
  column: Column;
  value: string;
  wrong: string;
  change: (name: string, value: string) => void;
}): React.ReactElement {
  const { trans } = useKf();
  const { column, value, wrong } = props;
  const id = React.useId();
  const kind = kindOf(column);
  const common = {
    id,
    value,
    className: `jp-mod-styled${kind === 'switch' ? ' jp-Kf-select' : ''}`,
    'aria-invalid': wrong !== '',
    'aria-describedby': `${id}h`
  };
  const set = (event: React.ChangeEvent<HTMLInputElement | HTMLSelectElement>) =>
    props.change(column.name, event.target.value);
  const note = noteOf(column, value, trans);
  return (
    <div className="jp-Kf-field">
      <label htmlFor={id} title={column.name}>
        {column.name} <span className="jp-Kf-quiet">{typeWord(column.type)}</span>
      </label>
      {kind === 'switch' ? (
        <select {...common} onChange={set}>
          {column.nullable ? <option value="">{trans.__('no value')}</option> : null}
          <option value="true">{trans.__('true')}</option>
          <option value="false">{trans.__('false')}</option>
        </select>
      ) : (
        <input
          {...common}
          type="text"
          inputMode={kind === 'number' || kind === 'whole' ? 'decimal' : undefined}
          spellCheck={false}
          placeholder={column.nullable ? trans.__('no value') : ''}
          list={column.categories ? `${id}l` : undefined}
          onChange={set}
        />
      )}
      {column.categories ? (
        <datalist id={`${id}l`}>
          {column.categories.map(one => (
            <option key={one} value={one} />
          ))}
        </datalist>
      ) : null}
      <span
        id={`${id}h`}
        className={
          wrong
            ? 'jp-Kf-fieldError'
            : `jp-Kf-fieldHelp${unusual(column, value) ? ' jp-mod-unusual' : ''}`
        }
        role={wrong ? 'alert' : undefined}
      >
        {wrong || note}
      </span>
    </div>
  );
}

interface IAnswer {
  at: number;
  row: Record<string, unknown>;
}

function Answers({ answer }: { answer: Predicted }): React.ReactElement {
  const { trans } = useKf();
  const rows = answer.predictions.slice(0, MOST_ANSWERS);
  const names = [...new Set(rows.flatMap(row => Object.keys(row)))];
  const several = answer.predictions.length > 1;
  const columns = names.map(name => ({
    key: name,
    title: name,
    number: rows.every(row => typeof row[name] === 'number'),
    cell: ({ row }: IAnswer) => shown(row[name])
  }));
  const number = {
    key: '#',
    title: trans.__('Row'),
    help: trans.__('As it was pasted, counted from 0 as the endpoint does'),
    number: true,
    cell: ({ at }: IAnswer) => <span className="jp-Kf-quiet">{at}</span>
  };
  const more = answer.predictions.length - rows.length;
  return (
    <div className="jp-Kf-answers" aria-live="polite">
      <Table
        label={trans.__('Predictions')}
        columns={several ? [number, ...columns] : columns}
        rows={rows.map((row, at) => ({ at, row: row as Record<string, unknown> }))}
        keyOf={({ at }) => String(at)}
      />
      {more > 0 ? <p>{trans._n('and %1 more row', 'and %1 more rows', more)}</p> : null}
    </div>
  );
}

function shown(value: unknown): string {
  return typeof value === 'number'
    ? formatNumber(value)
    : value !== null && typeof value === 'object'
      ? write(value)
      : String(value ?? '');
}
