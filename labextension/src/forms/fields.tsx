/** One field of a form: label, flag, control by its type, unit, help, and what is wrong. */
import * as React from 'react';
import { useKf } from '../ui/context';
import { nameOf } from '../ui/labels';
import { Button } from '../ui/pieces';
import { type Content, howWritten, type IField, sentence } from './model';

export interface IFieldProps {
  field: IField;
  content: Content;
  /** What is wrong, as a sentence; empty when nothing is. */
  wrong: string;
  names: readonly string[];
  /** What there is to name, as a sentence; empty where that needs no word. */
  known: string;
  change: (field: string, content: Content) => void;
}

export function FormField(props: IFieldProps): React.ReactElement {
  const { trans } = useKf();
  const { field, wrong } = props;
  const id = React.useId();
  const several = field.control === 'list' || field.control === 'map';
  const described = `${id}help ${id}wrong`;
  const head = (
    <>
      {nameOf(field.field, trans)}{' '}
      <span className="jp-Kf-quiet">
        {field.flag.startsWith('-') ? <code>{field.flag}</code> : null}{' '}
        {field.required ? trans.__('required') : ''}
      </span>
    </>
  );
  const body = (
    <>
      <Control {...props} id={id} described={described} />
      <span className="jp-Kf-fieldHelp" id={`${id}help`}>
        {[helpWords(field, trans), props.known].filter(Boolean).join(' ')}
      </span>
      <span className="jp-Kf-fieldError" id={`${id}wrong`} aria-live="polite">
        {wrong}
      </span>
    </>
  );
  const className = `jp-Kf-field${wrong ? ' jp-mod-wrong' : ''}`;
  return several ? (
    <fieldset
      className={className}
      data-field={field.field}
      aria-describedby={described}
    >
      <legend>{head}</legend>
      {body}
    </fieldset>
  ) : (
    <div className={className} data-field={field.field}>
      <label htmlFor={id}>{head}</label>
      {body}
    </div>
  );
}

/** The field's help as a sentence, and how its value is written where that needs a word. */
function helpWords(field: IField, trans: ReturnType<typeof useKf>['trans']): string {
  const how = howWritten(field);
  const words: Record<typeof how, string> = {
    no: '',
    like: trans.__('Such as %1.', field.unit),
    range: trans.__('From %1.', field.unit),
    form: trans.__('Written as %1.', field.unit),
    unit: trans.__('Its unit is %1.', field.unit)
  };
  return `${sentence(field.help)} ${words[how]}`.trim();
}

type IControlProps = IFieldProps & { id: string; described: string };

function Control(props: IControlProps): React.ReactElement {
  switch (props.field.control) {
    case 'switch':
      return <Switch {...props} />;
    case 'choice':
      return <Choice {...props} />;
    case 'some':
      return <Some {...props} />;
    case 'list':
      return <List {...props} />;
    case 'map':
      return <Pairs {...props} />;
    default:
      return <Line {...props} />;
  }
}

function Line(props: IControlProps): React.ReactElement {
  const { field, content, names, id } = props;
  return (
    <>
      <input
        id={id}
        type="text"
        inputMode={field.control === 'number' ? 'decimal' : undefined}
        className="jp-mod-styled"
        spellCheck={false}
        autoComplete="off"
        list={names.length ? `${id}names` : undefined}
        placeholder={field.fallback}
        value={String(content)}
        required={field.required}
        aria-invalid={props.wrong !== ''}
        aria-describedby={props.described}
        onChange={event => props.change(field.field, event.target.value)}
      />
      <NameList id={`${id}names`} names={names} />
    </>
  );
}

function NameList(props: {
  id: string;
  names: readonly string[];
}): React.ReactElement | null {
  return props.names.length ? (
    <datalist id={props.id}>
      {props.names.map(name => (
        <option key={name} value={name} />
      ))}
    </datalist>
  ) : null;
}

function Switch(props: IControlProps): React.ReactElement {
  const { field, content } = props;
  return (
    <input
      id={props.id}
      type="checkbox"
      checked={content === true}
      aria-describedby={props.described}
      onChange={event => props.change(field.field, event.target.checked)}
    />
  );
}

function Choice(props: IControlProps): React.ReactElement {
  const { trans } = useKf();
  const { field, content } = props;
  return (
    <select
      id={props.id}
      className="jp-mod-styled jp-Kf-select"
      value={String(content)}
      aria-invalid={props.wrong !== ''}
      aria-describedby={props.described}
      onChange={event => props.change(field.field, event.target.value)}
    >
      <option value="">
        {field.fallback ? trans.__('%1 (default)', field.fallback) : ''}
      </option>
      {field.choices
        .filter(choice => choice !== field.fallback)
        .map(choice => (
          <option key={choice}>{choice}</option>
        ))}
    </select>
  );
}

/** None, all, or those that are named. */
function Some(props: IControlProps): React.ReactElement {
  const { trans } = useKf();
  const { field, content } = props;
  const text = String(content);
  const how = text === '' ? 'none' : text === '*' ? 'all' : 'named';
  const next: Record<string, string> = { none: '', all: '*', named: ' ' };
  return (
    <div className="jp-Kf-pair">
      <select
        id={props.id}
        className="jp-mod-styled jp-Kf-select"
        value={how}
        aria-describedby={props.described}
        onChange={event => props.change(field.field, next[event.target.value])}
      >
        <option value="none">{trans.__('no')}</option>
        <option value="all">{trans.__('yes')}</option>
        <option value="named">{trans.__('for some')}</option>
      </select>
      {how === 'named' ? (
        <input
          type="text"
          className="jp-mod-styled"
          spellCheck={false}
          aria-label={trans.__('Names, with spaces between')}
          placeholder={trans.__('names, with spaces between')}
          value={text.trimStart()}
          onChange={event => props.change(field.field, ` ${event.target.value}`)}
        />
      ) : null}
    </div>
  );
}

function List(props: IControlProps): React.ReactElement {
  const { trans } = useKf();
  const { field, names, id } = props;
  const texts = props.content as string[];
  const set = (at: number, text: string) =>
    props.change(
      field.field,
      texts.map((one, index) => (index === at ? text : one))
    );
  return (
    <Rows
      field={field}
      list={<NameList id={`${id}names`} names={names} />}
      count={texts.length}
      add={() => props.change(field.field, [...texts, ''])}
      drop={at =>
        props.change(
          field.field,
          texts.filter((_, index) => index !== at)
        )
      }
      row={at => (
        <input
          type="text"
          className="jp-mod-styled"
          spellCheck={false}
          autoComplete="off"
          aria-label={trans.__('%1, entry %2', nameOf(field.field, trans), at + 1)}
          list={names.length ? `${id}names` : undefined}
          placeholder={field.unit ?? ''}
          value={texts[at]}
          aria-invalid={props.wrong !== ''}
          onChange={event => set(at, event.target.value)}
        />
      )}
    />
  );
}

function Pairs(props: IControlProps): React.ReactElement {
  const { trans } = useKf();
  const { field, names, id } = props;
  const pairs = props.content as [string, string][];
  const set = (at: number, side: 0 | 1, text: string) =>
    props.change(
      field.field,
      pairs.map((pair, index) => (index === at ? pairOf(pair, side, text) : pair))
    );
  const [, value = ''] = (field.unit ?? '').split('=');
  const cell = (at: number, side: 0 | 1, label: string, placeholder: string) => (
    <input
      type="text"
      className="jp-mod-styled"
      spellCheck={false}
      autoComplete="off"
      list={side === 0 && names.length ? `${id}names` : undefined}
      aria-label={label}
      placeholder={placeholder}
      value={pairs[at][side]}
      aria-invalid={props.wrong !== ''}
      onChange={event => set(at, side, event.target.value)}
    />
  );
  const space = value === 'SPACE';
  return (
    <Rows
      field={field}
      list={<NameList id={`${id}names`} names={names} />}
      count={pairs.length}
      add={() => props.change(field.field, [...pairs, ['', '']])}
      drop={at =>
        props.change(
          field.field,
          pairs.filter((_, index) => index !== at)
        )
      }
      row={at => (
        <>
          {cell(at, 0, trans.__('Name %1', at + 1), space ? 'lr' : trans.__('name'))}
          {cell(
            at,
            1,
            trans.__('Value %1', at + 1),
            space ? 'uniform(0, 1)' : trans.__('value')
          )}
        </>
      )}
    />
  );
}

function pairOf(pair: [string, string], side: 0 | 1, text: string): [string, string] {
  return side ? [pair[0], text] : [text, pair[1]];
}

/** Rows that can be added and dropped. */
function Rows(props: {
  field: IField;
  /** What completes them. */
  list: React.ReactElement;
  count: number;
  row: (at: number) => React.ReactNode;
  add: () => void;
  drop: (at: number) => void;
}): React.ReactElement {
  const { trans } = useKf();
  const box = React.useRef<HTMLDivElement>(null);
  const added = React.useRef(false);
  React.useEffect(() => {
    if (added.current) {
      added.current = false;
      box.current
        ?.querySelector<HTMLElement>('.jp-Kf-pair:nth-last-child(2) input')
        ?.focus();
    }
  }, [props.count]);
  const add = () => {
    added.current = true; // what was added is typed next
    props.add();
  };
  return (
    <div className="jp-Kf-rowsOf" ref={box}>
      {Array.from({ length: props.count }, (_, at) => (
        <div key={at} className="jp-Kf-pair">
          {props.row(at)}
          <button
            type="button"
            className="jp-Kf-drop"
            aria-label={trans.__(
              'Remove entry %1 of %2',
              at + 1,
              nameOf(props.field.field, trans)
            )}
            onClick={() => props.drop(at)}
          >
            ×
          </button>
        </div>
      ))}
      <Button label={trans.__('Add')} onClick={add} />
      {props.list}
    </div>
  );
}
