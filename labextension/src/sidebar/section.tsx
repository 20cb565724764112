/** One open section: search, filters, and the list with its keyboard. */
import { Throttler } from '@lumino/polling';
import * as React from 'react';
import { ENDED, STATES } from '../services/validate';
import { CommandIDs } from '../tokens';
import { useKf } from '../ui/context';
import { asKfError, useSignal } from '../ui/hooks';
import { Button, Empty, ErrorBox, Skeleton } from '../ui/pieces';
import { StateIcon, stateWord } from '../ui/state';
import { VirtualList } from '../ui/virtual';
import type { Change } from '../wire';
import { PagedList } from './list';
import { type IQuestion, type IRow, type ISection, KINDS, runRow } from './sections';

const ROW_PX = 44;
const REFRESH_MS = 300;

export function SectionList({ section }: { section: ISection }): React.ReactElement {
  const { trans } = useKf();
  const [question, setQuestion] = React.useState<IQuestion>({
    search: '',
    kind: '',
    state: ''
  });
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
      {list.error && total === null ? (
        <ErrorBox error={asKfError(list.error)} onRetry={() => list.refresh()} />
      ) : total === null ? (
        <Skeleton lines={4} />
      ) : total === 0 ? (
        asked ? (
          <Empty text={trans.__('Nothing fits this search.')} />
        ) : (
          <Empty {...section.empty} />
        )
      ) : (
        <Rows list={list} title={section.title} />
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
  React.useEffect(() => {
    const refresh = new Throttler(() => list.refresh(), {
      limit: REFRESH_MS,
      edge: 'leading'
    });
    const later = new Throttler(() => list.refresh(), {
      limit: REFRESH_MS,
      edge: 'trailing'
    });
    const again = () => {
      void refresh.invoke();
      void later.invoke();
    };
    const onChange = (_: unknown, change: Change) => {
      if (change.thing !== section.thing) {
        return;
      }
      const row =
        change.row && section.thing === 'run' ? runRow(change.row, trans) : null;
      if (row && change.action === 'created' && plain) {
        list.insertFirst(row);
      } else if (!(row && list.replace(row)) || change.action !== 'changed') {
        again();
      }
    };
    kf.changed.connect(onChange);
    kf.stale.connect(again);
    return () => {
      kf.changed.disconnect(onChange);
      kf.stale.disconnect(again);
      refresh.dispose();
      later.dispose();
    };
  }, [list, plain]);
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
  return (
    <div className="jp-Kf-filters" role="search">
      <input
        type="search"
        className="jp-mod-styled"
        placeholder={trans.__('Search %1', props.section.title.toLowerCase())}
        aria-label={trans.__('Search %1', props.section.title.toLowerCase())}
        value={question.search}
        onChange={event => change({ ...question, search: event.target.value })}
      />
      {props.section.filters ? (
        <div className="jp-Kf-selects">
          <select
            className="jp-mod-styled"
            aria-label={trans.__('Kind')}
            value={question.kind}
            onChange={event => change({ ...question, kind: event.target.value })}
          >
            <option value="">{trans.__('All kinds')}</option>
            {KINDS.map(kind => (
              <option key={kind}>{kind}</option>
            ))}
          </select>
          <select
            className="jp-mod-styled"
            aria-label={trans.__('State')}
            value={question.state}
            onChange={event => change({ ...question, state: event.target.value })}
          >
            <option value="">{trans.__('All states')}</option>
            {STATES.map(state => (
              <option key={state} value={state}>
                {stateWord(state, trans)}
                {counts[state] ? ` (${counts[state]})` : ''}
              </option>
            ))}
          </select>
        </div>
      ) : null}
    </div>
  );
}

/** The rows: a list box, where arrows move, Enter opens and Delete asks in the row itself. */
function Rows({
  list,
  title
}: {
  list: PagedList<IRow>;
  title: string;
}): React.ReactElement {
  const { kf, commands } = useKf();
  const [active, setActive] = React.useState<{ index: number; id: string } | null>(
    null
  );
  const [asking, setAsking] = React.useState<string | null>(null);
  const [failed, setFailed] = React.useState<unknown>(null);
  const base = React.useId();
  const count = list.total ?? 0;
  // Rows move when new ones come: what is active is a run, not a place.
  const found = active ? list.indexOf(active.id) : -1;
  const at = found >= 0 ? found : Math.min(active?.index ?? -1, count - 1);
  const onRange = React.useCallback((a: number, b: number) => list.show(a, b), [list]);
  const go = (index: number) => {
    const to = Math.max(0, Math.min(count - 1, index));
    setActive({ index: to, id: list.row(to)?.id ?? '' });
  };
  const open = (row: IRow | undefined) =>
    row && commands.execute(CommandIDs.open, { thing: row.thing, id: row.id });
  const end = async (row: IRow) => {
    setAsking(null);
    try {
      await (ENDED.has(row.run!.state)
        ? kf.runs.remove(row.id)
        : kf.runs.cancel(row.id));
      list.refresh();
    } catch (failure) {
      setFailed(failure);
    }
  };
  const onKey = (event: React.KeyboardEvent<HTMLElement>) => {
    if (event.target !== event.currentTarget) {
      return;
    }
    const page = Math.max(1, Math.floor(event.currentTarget.clientHeight / ROW_PX) - 1);
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at < 0 ? 0 : at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: count - 1
    };
    const row = list.row(at);
    if (event.key in moves) {
      go(moves[event.key]);
    } else if (event.key === 'Enter') {
      void open(row);
    } else if (event.key === 'Delete' && row?.run) {
      setAsking(row.id);
    } else {
      return;
    }
    event.preventDefault();
  };
  return (
    <>
      {failed ? (
        <ErrorBox error={asKfError(failed)} onRetry={() => setFailed(null)} />
      ) : null}
      <VirtualList
        count={count}
        rowHeight={ROW_PX}
        reveal={at}
        onRange={onRange}
        className="jp-Kf-rows"
        outer={{
          role: 'listbox',
          tabIndex: 0,
          'aria-label': title,
          'aria-activedescendant': at >= 0 ? `${base}${at}` : undefined,
          onKeyDown: onKey,
          onFocus: event =>
            event.target === event.currentTarget && at < 0 && count ? go(0) : undefined
        }}
        render={index => {
          const row = list.row(index);
          if (row && asking === row.id) {
            return (
              <Asking row={row} yes={() => void end(row)} no={() => setAsking(null)} />
            );
          }
          return (
            <Row
              id={`${base}${index}`}
              row={row}
              active={index === at}
              place={[index + 1, count]}
              open={() => {
                go(index);
                void open(row);
              }}
              ask={() => row && setAsking(row.id)}
            />
          );
        }}
      />
    </>
  );
}

function Row(props: {
  id: string;
  row: IRow | undefined;
  active: boolean;
  place: [number, number];
  open: () => void;
  ask: () => void;
}): React.ReactElement {
  const { trans } = useKf();
  const { row, place } = props;
  if (!row) {
    return <div className="jp-Kf-row jp-mod-loading" role="presentation" />;
  }
  const word = row.state ? stateWord(row.state, trans) : '';
  return (
    <div
      id={props.id}
      className={`jp-Kf-row${props.active ? ' jp-mod-active' : ''}`}
      role="option"
      aria-selected={props.active}
      aria-posinset={place[0]}
      aria-setsize={place[1]}
      aria-label={[row.title, word, row.detail].filter(Boolean).join(', ')}
      title={`${row.title} · ${row.id}${row.run?.reason ? `\n${row.run.reason}` : ''}`}
      onClick={props.open}
    >
      {row.state ? <StateIcon state={row.state} /> : null}
      <div className="jp-Kf-rowText">
        <div className="jp-Kf-rowTitle">
          <span>{row.title}</span>
          {row.run ? <code>{row.id}</code> : null}
        </div>
        <div className="jp-Kf-rowDetail jp-Kf-quiet">{row.detail}</div>
      </div>
      {row.progress !== null ? (
        <div
          className="jp-Kf-rowProgress"
          style={{ width: `${row.progress * 100}%` }}
        />
      ) : null}
    </div>
  );
}

/** The question stands where the row stood; the focus is on the safe answer. */
function Asking(props: {
  row: IRow;
  yes: () => void;
  no: () => void;
}): React.ReactElement {
  const { trans } = useKf();
  const ended = ENDED.has(props.row.run!.state);
  const question = ended
    ? trans.__('Delete %1 for good?', props.row.title)
    : trans.__('Cancel %1?', props.row.title);
  const group = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    group.current?.querySelector<HTMLElement>('button:last-of-type')?.focus();
    return () => before?.focus();
  }, []);
  return (
    <div
      ref={group}
      className="jp-Kf-row jp-mod-asking"
      role="group"
      aria-label={question}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          props.no();
        }
      }}
    >
      <span className="jp-Kf-rowText">{question}</span>
      <Button
        label={ended ? trans.__('Delete') : trans.__('Cancel it')}
        tone="danger"
        onClick={props.yes}
      />
      <Button label={trans.__('Keep')} onClick={props.no} />
    </div>
  );
}
