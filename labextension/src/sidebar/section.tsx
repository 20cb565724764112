/** One open section: search, filters, and its list. */
import * as React from 'react';
import { useKf } from '../ui/context';
import { asKfError, useSignal } from '../ui/hooks';
import { Empty } from '../ui/insert';
import { kindWord } from '../ui/kinds';
import { ErrorBox, Skeleton } from '../ui/pieces';
import { stateWord } from '../ui/state';
import { follow } from './follow';
import { PagedList } from './list';
import { NONE } from './picks';
import { Rows } from './rows';
import type { State } from '../wire';
import type { IQuestion, IRow, ISection } from './sections';

export function SectionList({ section }: { section: ISection }): React.ReactElement {
  const { trans } = useKf();
  const [question, setQuestion] = React.useState<IQuestion>({
    search: '',
    kind: '',
    state: ''
  });
  const [picks, setPicks] = React.useState(NONE);
  const list = useList(section, question);
  const asked = question.search || question.kind || question.state;
  const total = list.total;
  return (
    <>
      <Filters
        section={section}
        question={question}
        change={setQuestion}
        counts={list.counts}
      />
      <div className="jp-Kf-count jp-Kf-quiet" aria-live="polite">
        {total === null || total === 0 ? '' : trans._n('%1 entry', '%1 entries', total)}
      </div>
      {list.error ? (
        <ErrorBox error={asKfError(list.error)} onRetry={() => list.refresh()} />
      ) : null}
      {total === null ? (
        list.error ? null : (
          <Skeleton lines={4} />
        )
      ) : total === 0 ? (
        asked ? (
          <Empty text={trans.__('Nothing fits this search.')} />
        ) : (
          <Empty {...section.empty} />
        )
      ) : (
        <Rows
          list={list}
          title={section.title}
          several={section.thing === 'run'}
          picks={picks}
          setPicks={setPicks}
        />
      )}
    </>
  );
}

/** The section's list, kept current; a new question after a pause in typing. */
function useList(section: ISection, question: IQuestion): PagedList<IRow> {
  const { kf, trans } = useKf();
  const [list] = React.useState(
    () =>
      new PagedList<IRow>(
        (offset, signal) => section.fetch(question, offset, signal),
        row => row.id
      )
  );
  const first = React.useRef(true);
  React.useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    const timer = window.setTimeout(
      () => list.ask((offset, signal) => section.fetch(question, offset, signal)),
      150
    );
    return () => window.clearTimeout(timer);
  }, [question]);
  const plain = !question.search && !question.kind && !question.state;
  React.useEffect(
    () => follow(kf, trans, { section, list, plain }),
    [kf, section, list, plain]
  );
  React.useEffect(() => {
    list.refresh();
    return () => list.dispose();
  }, [list]);
  useSignal(list.changed);
  return list;
}

function Filters(props: {
  section: ISection;
  question: IQuestion;
  counts: { [state: string]: number };
  change: (question: IQuestion) => void;
}): React.ReactElement {
  const { trans } = useKf();
  const { question, change, counts } = props;
  const { kinds, states, thing } = props.section;
  const words = (state: State) => {
    const word = stateWord(state, trans, thing === 'endpoint' ? 'serve' : '');
    return counts[state] ? `${word} (${counts[state]})` : word;
  };
  const search = trans.__('Search %1', props.section.title.toLowerCase());
  return (
    <div className="jp-Kf-filters" role="search" aria-label={search}>
      <input
        type="search"
        className="jp-mod-styled"
        placeholder={search}
        aria-label={search}
        value={question.search}
        onChange={event => change({ ...question, search: event.target.value })}
      />
      {states.length ? (
        <div className="jp-Kf-selects">
          {kinds.length ? (
            <Choice
              label={trans.__('Kind')}
              all={trans.__('All kinds')}
              value={question.kind}
              options={kinds.map(kind => [kind, kindWord(kind, trans)])}
              change={kind => change({ ...question, kind })}
            />
          ) : null}
          <Choice
            label={trans.__('State')}
            all={trans.__('All states')}
            value={question.state}
            options={states.map(state => [state, words(state)])}
            change={state => change({ ...question, state })}
          />
        </div>
      ) : null}
    </div>
  );
}

/** One of some, or all of them. */
function Choice(props: {
  label: string;
  all: string;
  value: string;
  options: readonly (readonly [string, string])[];
  change: (value: string) => void;
}): React.ReactElement {
  return (
    <select
      className="jp-mod-styled"
      aria-label={props.label}
      value={props.value}
      onChange={event => props.change(event.target.value)}
    >
      <option value="">{props.all}</option>
      {props.options.map(([value, words]) => (
        <option key={value} value={value}>
          {words}
        </option>
      ))}
    </select>
  );
}
