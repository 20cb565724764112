/** The rows of one section, with their keyboard and their selection. */
import * as React from 'react';
import { ENDED } from '../services/validate';
import { CommandIDs } from '../tokens';
import { AGES_MS } from '../ui/clock';
import { useKf } from '../ui/context';
import { asKfError } from '../ui/hooks';
import { useMay } from '../ui/may';
import { Asking, ErrorBox } from '../ui/pieces';
import { StateIcon, stateWord } from '../ui/state';
import { VirtualList } from '../ui/virtual';
import type { RunRow } from '../wire';
import { endAll, endingOf, type IEnding } from './ending';
import type { PagedList } from './list';
import { extended, type IPicks, NONE, only, toggled, without } from './picks';
import type { IRow } from './sections';
import { Selected } from './selected';

const ROW_PX = 44;
/** So many rows are in sight at least, where there are as many; also in `style/sidebar.css`. */
const LEAST_ROWS = 3;

/**
 * The rows: a list box, where arrows move, Enter opens and Delete asks over the row itself.
 *
 * A list box holds options only, and they no buttons: so the question lies over its row, beside
 * the list, and what Delete does stands in the row as a place to click, for mouse and touch.
 *
 * Of runs several can be selected: with Ctrl, Cmd or Shift and a click, with Space, or with
 * Shift and an arrow; Escape forgets them.
 */
export function Rows(props: {
  list: PagedList<IRow>;
  title: string;
  /** Whether several can be selected, to be compared. */
  several: boolean;
  picks: IPicks;
  setPicks: React.Dispatch<React.SetStateAction<IPicks>>;
}): React.ReactElement {
  const { kf, trans, commands } = useKf();
  const { list, several, picks, setPicks } = props;
  const [active, setActive] = React.useState<{ index: number; id: string } | null>(
    null
  );
  // With its question: a run that ends meanwhile is asked about anew, which nobody did.
  const [asking, setAsking] = React.useState<{ id: string; question: string } | null>(
    null
  );
  const [failed, setFailed] = React.useState<unknown>(null);
  const [top, setTop] = React.useState(0);
  const base = React.useId();
  const pressed = React.useRef(false);
  const box = React.useRef<HTMLDivElement>(null);
  const count = list.total ?? 0;
  // Rows move when new ones come: what is active is a run, not a place.
  const found = active ? list.indexOf(active.id) : -1;
  const at = found >= 0 ? found : Math.min(active?.index ?? -1, count - 1);
  const onRange = React.useCallback((a: number, b: number) => list.show(a, b), [list]);
  const go = (index: number) => {
    const to = Math.max(0, Math.min(count - 1, index));
    setActive({ index: to, id: list.row(to)?.id ?? '' });
    return to;
  };
  const open = (row: IRow | undefined) =>
    row && commands.execute(CommandIDs.open, { thing: row.thing, id: row.id });
  const place = asking ? list.indexOf(asking.id) : -1;
  const asked = list.row(place)?.run;
  const ending = asked && endingOf(asked, trans);
  const question = ending?.question === asking?.question ? ending : null;
  const may = useMay();
  const mayEnd = (run: RunRow) => may(ENDED.has(run.state) ? 'delete' : 'runs');
  const ask = ({ id, run }: IRow) => {
    if (run && mayEnd(run)) {
      setTop(box.current?.scrollTop ?? 0);
      setAsking({ id, question: endingOf(run, trans).question });
    }
  };
  const end = (runs: readonly RunRow[]) => {
    setAsking(null);
    setFailed(null);
    endAll(kf.runs, runs)
      .catch(setFailed)
      .finally(() => list.refresh());
  };
  React.useEffect(() => {
    const onRun = (_: unknown, { id, row }: { id: string; row: unknown }) =>
      row === null ? setPicks(now => without(now, id)) : undefined;
    kf.runs.changed.connect(onRun);
    return () => void kf.runs.changed.disconnect(onRun);
  }, [kf, setPicks]);
  const pick = (index: number, event: React.MouseEvent) => {
    const row = list.row(index);
    const more = several && (event.ctrlKey || event.metaKey);
    const range = several && event.shiftKey;
    go(index);
    if (row && range) {
      setPicks(extended(picks, index, list));
    } else if (row && more) {
      setPicks(toggled(picks, row.id));
    } else if (row) {
      setPicks(only(row.id));
      void open(row);
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
    if (several && event.shiftKey && /^Arrow(Up|Down)$/.test(event.key)) {
      const to = go(moves[event.key]);
      const began = picks.anchor === null && row ? only(row.id) : picks;
      setPicks(extended(began, to, list));
    } else if (event.key in moves) {
      go(moves[event.key]);
    } else if (several && event.key === ' ' && row) {
      setPicks(toggled(picks, row.id));
    } else if (event.key === 'Escape' && picks.ids.length) {
      setPicks(NONE);
    } else if (event.key === 'Enter') {
      void open(row);
    } else if (event.key === 'Delete' && row?.run) {
      ask(row);
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
      {several && picks.ids.length > 1 ? (
        <Selected ids={picks.ids} clear={() => setPicks(NONE)} end={end} />
      ) : null}
      <div
        className="jp-Kf-rowsBox"
        style={{ flexBasis: count * ROW_PX }}
        data-rows={Math.min(count, LEAST_ROWS)} // the section is as high at least
      >
        <VirtualList
          count={count}
          rowHeight={ROW_PX}
          again_ms={AGES_MS}
          reveal={at}
          onRange={onRange}
          className="jp-Kf-rows"
          box={box}
          onScrolled={element => (question ? setTop(element.scrollTop) : undefined)}
          outer={{
            role: 'listbox',
            tabIndex: 0,
            'aria-label': props.title,
            'aria-multiselectable': several || undefined,
            'aria-activedescendant': at >= 0 ? `${base}${at}` : undefined,
            onKeyDown: onKey,
            // A list that jumped to its first row under the mouse would swallow the click.
            onMouseDown: () => {
              pressed.current = true;
              window.setTimeout(() => (pressed.current = false));
            },
            onFocus: event =>
              event.target === event.currentTarget &&
              !pressed.current &&
              at < 0 &&
              count
                ? go(0)
                : undefined
          }}
          render={index => {
            const row = list.row(index);
            const ending =
              row?.run && mayEnd(row.run) ? endingOf(row.run, trans) : null;
            return (
              <Row
                id={`${base}${index}`}
                row={row}
                ending={ending}
                ask={() => {
                  go(index);
                  ask(row!);
                }}
                active={index === at}
                selected={several ? !!row && picks.ids.includes(row.id) : index === at}
                place={[index + 1, count]}
                pick={event => pick(index, event)}
              />
            );
          }}
        />
        {question && asked ? (
          <Asking
            className="jp-Kf-row jp-mod-asking"
            style={{ top: place * ROW_PX - top, minHeight: ROW_PX, height: 'auto' }}
            question={question.question}
            yes={question.yes}
            no={trans.__('Keep')}
            onYes={() => end([asked])}
            onNo={() => setAsking(null)}
          />
        ) : null}
      </div>
    </>
  );
}

function Row(props: {
  id: string;
  row: IRow | undefined;
  ending: IEnding | null;
  ask: () => void;
  active: boolean;
  selected: boolean;
  place: [number, number];
  pick: (event: React.MouseEvent) => void;
}): React.ReactElement {
  const { trans } = useKf();
  const { row, ending, place } = props;
  if (!row) {
    return <div className="jp-Kf-row jp-mod-loading" role="presentation" />;
  }
  const kind = row.thing === 'endpoint' ? 'serve' : row.run?.kind;
  const word = row.state ? stateWord(row.state, trans, kind) : '';
  const detail = row.detail();
  return (
    <div
      id={props.id}
      className={`jp-Kf-row${props.active ? ' jp-mod-active' : ''}`}
      role="option"
      aria-selected={props.selected}
      aria-posinset={place[0]}
      aria-setsize={place[1]}
      aria-label={[row.title, word, detail].filter(Boolean).join(', ')}
      aria-keyshortcuts={ending ? 'Delete' : undefined}
      title={`${row.title} · ${row.id}${row.run?.reason ? `\n${row.run.reason}` : ''}`}
      onClick={props.pick}
    >
      {row.state ? <StateIcon state={row.state} /> : null}
      <div className="jp-Kf-rowText">
        <div className="jp-Kf-rowTitle">
          <span>{row.title}</span>
          {row.run ? <code>{suffixOf(row)}</code> : null}
        </div>
        <div className="jp-Kf-rowDetail jp-Kf-quiet">{detail}</div>
      </div>
      {ending ? (
        <span
          className="jp-Kf-rowAct"
          aria-hidden="true"
          title={trans.__('%1 (key: Delete)', ending.label)}
          onClick={event => {
            event.stopPropagation();
            props.ask();
          }}
        >
          {ending.label}
        </span>
      ) : null}
      {row.progress !== null ? (
        <div
          className="jp-Kf-rowProgress"
          style={{ width: `${row.progress * 100}%` }}
        />
      ) : null}
    </div>
  );
}

/** What tells a run from others of its name, which stands before it; the whole id is its tooltip. */
function suffixOf({ id, title }: IRow): string {
  return id.startsWith(`${title}-`) ? id.slice(title.length + 1) : id;
}
