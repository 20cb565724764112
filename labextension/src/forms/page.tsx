/** A launch form: fields of a verb, and the cell they make, which goes into the notebook. */
import { Clipboard } from '@jupyterlab/apputils';
import * as React from 'react';
import { CommandIDs } from '../tokens';
import { type IContext, KfWidget, useKf } from '../ui/context';
import { asKfError } from '../ui/hooks';
import { useInsert } from '../ui/insert';
import { nameOf } from '../ui/labels';
import { LookOnly, useMay } from '../ui/may';
import { ActionNote, CodeBlock, PageHead, useAction } from '../ui/page';
import { Button, ErrorBox, ProblemBox, Section, Skeleton } from '../ui/pieces';
import type { Problem, VerbPaper } from '../wire';
import { FormField } from './fields';
import {
  blank,
  byField,
  type Content,
  type Contents,
  fieldsOf,
  type Group,
  type IField,
  MOST_NAMED,
  request,
  restored,
  sentence,
  thereAre
} from './model';
import { type ITold, useCell, useNames, useVersion } from './told';
import type { Verb } from './verbs';

const TRAIN_CODE = `model = ...  # kept; finds X_train, y_train, X_valid, y_valid and each parameter
kf.report(score=...)
`;

/** Where what was typed outlives the page. */
export interface IKeep {
  load(): Promise<unknown>;
  save(kept: IKept): void;
  forget(): void;
}

type IKept = { contents: Contents; code: string };

export function makeForm(context: IContext, verb: Verb, keep: IKeep): KfWidget {
  const form = new KfWidget(
    context,
    <FormPage verb={verb} keep={keep} />,
    'jp-Kf-formPage'
  );
  form.disposed.connect(() => keep.forget()); // somebody closed it; a reload disposes nothing
  return form;
}

function FormPage(props: { verb: Verb; keep: IKeep }): React.ReactElement {
  const { kf } = useKf();
  const { verb, keep } = props;
  const [told, setTold] = React.useState<[VerbPaper, unknown] | null>(null);
  const [error, setError] = React.useState<unknown>(null);
  const load = () => {
    setError(null);
    Promise.all([
      kf.rest.get<Record<string, VerbPaper>>('schemas'),
      keep.load().catch(() => null)
    ]).then(([papers, kept]) => setTold([papers[verb], kept]), setError);
  };
  React.useEffect(load, [kf, verb]);
  if (error) {
    return <ErrorBox error={asKfError(error)} onRetry={load} />;
  }
  return told ? (
    <Form verb={verb} paper={told[0]} kept={told[1]} keep={keep} />
  ) : (
    <Skeleton lines={10} />
  );
}

function Form(props: {
  verb: Verb;
  paper: VerbPaper;
  /** What was typed before the page was loaded again. */
  kept: unknown;
  keep: IKeep;
}): React.ReactElement {
  const { trans } = useKf();
  const { verb, paper, keep } = props;
  const kept = (props.kept ?? {}) as Partial<IKept>;
  const fields = React.useMemo(() => fieldsOf(verb, paper), [verb, paper]);
  const fresh = paper.takes_code ? TRAIN_CODE : '';
  const [contents, setContents] = React.useState(() => restored(fields, kept.contents));
  const [code, setCode] = React.useState(
    typeof kept.code === 'string' ? kept.code : fresh
  );
  const began = React.useRef({ contents, code });
  React.useEffect(() => {
    if (contents !== began.current.contents || code !== began.current.code) {
      keep.save({ contents, code });
    }
  }, [keep, contents, code]);
  const clear = () => {
    setContents(blank(fields));
    setCode(fresh);
    touch(new Set());
  };
  const [touched, touch] = React.useState<ReadonlySet<string>>(new Set());
  const version = useVersion();
  const names = useNames(fields, version);
  const asked = React.useMemo(() => request(fields, contents), [fields, contents]);
  const told = useCell(verb, asked, paper.takes_code ? code : null, version);
  const wrong = React.useMemo(() => byField(told.problems, fields), [told, fields]);
  const change = React.useCallback((field: string, content: Content) => {
    setContents(now => ({ ...now, [field]: content }));
    touch(now => new Set([...now, field]));
  }, []);
  const wrongOf = (field: IField): string => {
    const here = asked.wrong[field.field];
    if (here) {
      // What is only missing yet is no reproach before somebody was there.
      const told = here !== 'missing' || touched.has(field.field);
      return told ? wrongWords(here, field, trans) : '';
    }
    const said = (wrong[field.field] ?? []).flatMap(({ message, cause, fix }) => [
      message,
      cause,
      fix
    ]);
    const listedAlready = said.some(text => text.startsWith('known: '));
    const elsewhere = listedAlready || field.required; // the latter beside its help
    const there =
      field.names && said.length && !elsewhere ? (names[field.names] ?? []) : [];
    const named = there.slice(0, MOST_NAMED).join(', ');
    const listed = !there.length
      ? ''
      : there.length > MOST_NAMED
        ? trans.__('There are: %1 and %2 more', named, there.length - MOST_NAMED)
        : trans.__('There are: %1', named);
    return [...said, listed].filter(Boolean).map(sentence).join('\n');
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
          known={thereAre(field, field.names ? names[field.names] : [], trans)}
          change={change}
        />
      ));
  const hidden = (name: Group) =>
    fields.some(
      field =>
        field.group === name && (wrongOf(field) !== '' || field.field in asked.fields)
    );
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
            rest={told.failure ? [told.failure] : (wrong[''] ?? [])}
            clear={clear}
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

/** A folded group; it opens by itself when something in it was filled in, or is wrong. */
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
  rest: readonly Problem[];
  missing: readonly IField[];
  reveal: () => void;
  /** Makes the form as it was at first. */
  clear: () => void;
}): React.ReactElement {
  const { trans, commands } = useKf();
  const { told, missing } = props;
  const action = useAction();
  const put = useInsert(action.clear);
  const { cell } = told;
  const may = useMay();
  const quiet = action.clear;
  React.useEffect(quiet, [cell, quiet]); // what was said was of another cell
  const insert = () =>
    cell === null ? props.reveal() : action.run('insert', () => put({ cell }));
  const copy = () => {
    Clipboard.copyToSystem(cell ?? '');
    action.run('copy', async () => trans.__('Copied.'));
  };
  return (
    <Section title={trans.__('The cell it makes')} className="jp-Kf-made">
      {props.rest.map((problem, at) => (
        <ProblemBox key={at} problem={problem} />
      ))}
      {cell === null ? (
        <p className="jp-Kf-quiet">
          {missing.length
            ? trans.__(
                'Still needed: %1',
                missing.map(({ field }) => nameOf(field, trans)).join(', ')
              )
            : told.problems.length || told.failure || told.wrong
              ? trans.__('Mend what is marked, then the cell stands here.')
              : trans.__('Being written…')}
        </p>
      ) : (
        <CodeBlock code={cell} label={trans.__('The cell')} />
      )}
      <LookOnly may="cells" />
      <div className="jp-Kf-inline">
        {commands.hasCommand(CommandIDs.insertCell) && may('cells') ? (
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
        <Button label={trans.__('Clear the form')} onClick={props.clear} />
      </div>
      <ActionNote action={action} />
    </Section>
  );
}
