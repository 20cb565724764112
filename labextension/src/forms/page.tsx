/** A launch form: fields of a verb, and the cell they make, which goes into the notebook. */
import { Clipboard } from '@jupyterlab/apputils';
import * as React from 'react';
import { CommandIDs, type IInserted } from '../tokens';
import { type IContext, KfWidget, useKf } from '../ui/context';
import { asKfError } from '../ui/hooks';
import { ActionNote, CodeBlock, PageHead, useAction } from '../ui/page';
import { Button, ErrorBox, ProblemBox, Section, Skeleton } from '../ui/pieces';
import type { Cell, Change, Problem, ThingPage, VerbPaper } from '../wire';
import { FormField } from './fields';
import {
  blank,
  byField,
  type Content,
  type Contents,
  fieldsOf,
  type Group,
  type IField,
  type Names,
  request
} from './model';
import type { Verb } from './verbs';

const PAUSE_MS = 250;
const MOST_NAMED = 12;
const NAMED = new Set<string>(['dataset', 'transform', 'model', 'study']);
const TRAIN_CODE = `model = ...  # kept; finds X_train, y_train, X_valid, y_valid and each parameter
kf.report(score=...)
`;

export function makeForm(context: IContext, verb: Verb): KfWidget {
  return new KfWidget(context, <FormPage verb={verb} />, 'jp-Kf-formPage');
}

function FormPage({ verb }: { verb: Verb }): React.ReactElement {
  const { kf } = useKf();
  const [paper, setPaper] = React.useState<VerbPaper | null>(null);
  const [error, setError] = React.useState<unknown>(null);
  const load = () => {
    setError(null);
    kf.rest
      .get<Record<string, VerbPaper>>('schemas')
      .then(papers => setPaper(papers[verb]), setError);
  };
  React.useEffect(load, [kf, verb]);
  if (error) {
    return <ErrorBox error={asKfError(error)} onRetry={load} />;
  }
  return paper ? <Form verb={verb} paper={paper} /> : <Skeleton lines={10} />;
}

function Form({ verb, paper }: { verb: Verb; paper: VerbPaper }): React.ReactElement {
  const { trans } = useKf();
  const fields = React.useMemo(() => fieldsOf(verb, paper), [verb, paper]);
  const [contents, setContents] = React.useState<Contents>(() => blank(fields));
  const [code, setCode] = React.useState(paper.takes_code ? TRAIN_CODE : '');
  const [touched, touch] = React.useState<ReadonlySet<string>>(new Set());
  const version = useVersion();
  const names = useNames(fields, version);
  const asked = React.useMemo(() => request(fields, contents), [fields, contents]);
  const told = useCell(verb, asked, paper.takes_code ? code : null, version);
  const wrong = React.useMemo(
    () => byField(told.problem, fields, contents),
    [told.problem, fields, contents]
  );
  const change = React.useCallback((field: string, content: Content) => {
    setContents(now => ({ ...now, [field]: content }));
    touch(now => new Set([...now, field]));
  }, []);
  const wrongOf = (field: IField): string => {
    const here = asked.wrong[field.field];
    if (here && touched.has(field.field)) {
      return wrongWords(here, field, trans);
    }
    const said = (wrong[field.field] ?? []).flatMap(({ message, cause, fix }) => [
      message,
      cause,
      fix
    ]);
    const listedAlready = said.some(text => text.startsWith('known: '));
    const there =
      field.names && said.length && !listedAlready ? (names[field.names] ?? []) : [];
    const listed = there.length
      ? trans.__('There are: %1', there.slice(0, MOST_NAMED).join(', '))
      : '';
    return [...said, listed].filter(Boolean).join('\n');
  };
  const group = (name: Group) =>
    fields
      .filter(field => field.group === name)
      .map(field => (
        <FormField
          key={field.field}
          field={field}
          content={contents[field.field]}
          wrong={wrongOf(field)}
          names={field.names ? (names[field.names] ?? []) : []}
          change={change}
        />
      ));
  const hidden = (name: Group) =>
    fields.some(field => field.group === name && wrongOf(field) !== '');
  return (
    <>
      <PageHead
        title={TITLES(trans)[verb]}
        kind=""
        detail={
          String((paper.schema as { description?: string }).description ?? '').split(
            '\n\n'
          )[0]
        }
      />
      <div className="jp-Kf-body">
        <div className="jp-Kf-columns jp-mod-wideFirst">
          <form
            className="jp-Kf-form"
            aria-label={TITLES(trans)[verb]}
            onSubmit={event => event.preventDefault()}
          >
            <div className="jp-Kf-fields">{group('basic')}</div>
            {paper.takes_code ? (
              <label className="jp-Kf-field">
                <span>{trans.__('Code of the cell')}</span>
                <textarea
                  className="jp-mod-styled"
                  rows={7}
                  spellCheck={false}
                  value={code}
                  onChange={event => setCode(event.target.value)}
                />
              </label>
            ) : null}
            <Fold title={trans.__('More options')} open={hidden('more')}>
              {group('more')}
            </Fold>
            <Fold title={trans.__('Resources')} open={hidden('resources')}>
              {group('resources')}
            </Fold>
          </form>
          <Made
            told={told}
            rest={wrong[''] ? told.problem : null}
            missing={fields.filter(({ field }) => asked.wrong[field] === 'missing')}
            reveal={() => touch(new Set(fields.map(({ field }) => field)))}
          />
        </div>
      </div>
    </>
  );
}

function TITLES(trans: ReturnType<typeof useKf>['trans']): Record<Verb, string> {
  return {
    train: trans.__('Train a model'),
    tune: trans.__('Tune parameters'),
    serve: trans.__('Serve a model'),
    batch: trans.__('Predict files')
  };
}

function wrongWords(
  wrong: 'missing' | 'number' | 'name',
  field: IField,
  trans: ReturnType<typeof useKf>['trans']
): string {
  switch (wrong) {
    case 'missing':
      return trans.__('It must be given.');
    case 'name':
      return trans.__('A value without a name.');
    case 'number':
      return field.whole
        ? trans.__('A whole number, such as 3.')
        : trans.__('A number, such as 0.5.');
  }
}

/** A folded group; it opens by itself when something in it is wrong. */
function Fold(props: {
  title: string;
  open: boolean;
  children: React.ReactNode[];
}): React.ReactElement | null {
  const [open, setOpen] = React.useState(false);
  React.useEffect(() => {
    if (props.open) {
      setOpen(true);
    }
  }, [props.open]);
  return props.children.length ? (
    <details
      className="jp-Kf-more"
      open={open}
      onToggle={event => setOpen(event.currentTarget.open)}
    >
      <summary>{props.title}</summary>
      <div className="jp-Kf-fields">{props.children}</div>
    </details>
  ) : null;
}

/** The cell as it stands, and where it can go. */
function Made(props: {
  told: ITold;
  /** What is wrong and belongs to no field. */
  rest: Problem | null;
  missing: readonly IField[];
  reveal: () => void;
}): React.ReactElement {
  const { trans, commands } = useKf();
  const { told, missing } = props;
  const action = useAction();
  const { cell } = told;
  const { clear } = action;
  React.useEffect(clear, [cell, clear]); // what was said was of another cell
  const insert = () =>
    cell === null
      ? props.reveal()
      : action.run('insert', async () => {
          const done: IInserted | null = await commands.execute(CommandIDs.insertCell, {
            cell
          });
          return done
            ? trans.__('It is cell %1 of %2 now; run it there.', done.place, done.path)
            : null;
        });
  const copy = () => {
    Clipboard.copyToSystem(cell ?? '');
    action.run('copy', async () => trans.__('Copied.'));
  };
  return (
    <Section title={trans.__('The cell it makes')} className="jp-Kf-made">
      {props.rest ? <ProblemBox problem={props.rest} /> : null}
      {cell === null ? (
        <p className="jp-Kf-quiet">
          {missing.length
            ? trans.__('Still needed: %1', missing.map(({ field }) => field).join(', '))
            : told.problem
              ? trans.__('Mend what is marked, then the cell stands here.')
              : trans.__('Being written…')}
        </p>
      ) : (
        <CodeBlock code={cell} label={trans.__('The cell')} />
      )}
      <div className="jp-Kf-inline">
        {commands.hasCommand(CommandIDs.insertCell) ? (
          <Button
            label={trans.__('Insert cell')}
            tone="accent"
            title={trans.__(
              'Below the active cell; in a new notebook when none is open'
            )}
            disabled={action.busy !== null || (cell === null && !missing.length)}
            onClick={insert}
          />
        ) : null}
        <Button label={trans.__('Copy')} disabled={cell === null} onClick={copy} />
      </div>
      <ActionNote action={action} />
    </Section>
  );
}

interface ITold {
  cell: string | null;
  problem: Problem | null;
}

/** What the server makes of the form, after a pause in typing; the last answer counts. */
function useCell(
  verb: Verb,
  asked: ReturnType<typeof request>,
  code: string | null,
  version: number
): ITold {
  const { kf } = useKf();
  const [told, set] = React.useState<ITold>({ cell: null, problem: null });
  const body = JSON.stringify({
    verb,
    fields: asked.fields,
    known: true,
    ...(code === null ? {} : { code })
  });
  const whole = Object.keys(asked.wrong).length === 0;
  React.useEffect(() => {
    if (!whole) {
      set({ cell: null, problem: null });
      return;
    }
    let current = true;
    const timer = window.setTimeout(() => {
      kf.rest.post<Cell>('cells', JSON.parse(body)).then(
        ({ cell }) => current && set({ cell, problem: null }),
        failure => current && set({ cell: null, problem: asKfError(failure).problem })
      );
    }, PAUSE_MS);
    return () => {
      current = false;
      window.clearTimeout(timer);
    };
  }, [kf, body, whole, version]);
  return told;
}

/** Counts what came and went in the store: names that are right now may have been wrong before. */
function useVersion(): number {
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

/** Names of the store's things, for the fields that take one; none when they can't be had. */
function useNames(
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
      const query = path === 'runs' ? { limit: 50, kind: 'train' } : { limit: 500 };
      kf.rest.get<ThingPage>(path, query).then(
        ({ rows }) => {
          const found = rows.map(row =>
            path === 'runs' ? (row as unknown as { id: string }).id : row.name
          );
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
