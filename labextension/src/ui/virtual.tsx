/** A list of which only the visible rows exist; all rows are of one height. */
import * as React from 'react';
import { useClock } from './clock';
import { useSize } from './hooks';

const EXTRA = 6;

export interface IVirtualProps {
  count: number;
  rowHeight: number;
  render: (index: number) => React.ReactNode;
  /** Which rows are shown now, with a few around them. */
  onRange?: (first: number, last: number) => void;
  /** The rows are drawn again so often, while they are looked at: for ages. */
  again_ms?: number;
  className?: string;
  /** Scrolls as little as needed to show this row, whenever it changes. */
  reveal?: number;
  /** The user, or `reveal`, scrolled. */
  onScrolled?: (element: HTMLDivElement) => void;
  outer?: React.HTMLAttributes<HTMLDivElement>;
  /** The scrolling element, for whoever gives it the focus. */
  box?: React.RefObject<HTMLDivElement>;
}

export function VirtualList(props: IVirtualProps): React.ReactElement {
  const { count, rowHeight, onRange, reveal } = props;
  const own = React.useRef<HTMLDivElement>(null);
  const ref = props.box ?? own;
  const { height } = useSize(ref);
  useClock(ref, props.again_ms ?? 0);
  const [top, setTop] = React.useState(0);
  const shown = Math.ceil(height / rowHeight);
  const first = Math.max(0, Math.min(count, Math.floor(top / rowHeight)) - EXTRA);
  const last = Math.min(count, first + shown + 2 * EXTRA);
  React.useEffect(() => {
    if (last > first) {
      onRange?.(first, last);
    }
  }, [first, last, onRange]);
  React.useLayoutEffect(() => {
    const element = ref.current;
    if (!element || reveal === undefined || reveal < 0) {
      return;
    }
    const rowTop = reveal * rowHeight;
    if (rowTop < element.scrollTop) {
      element.scrollTop = rowTop;
    } else if (rowTop + rowHeight > element.scrollTop + element.clientHeight) {
      element.scrollTop = rowTop + rowHeight - element.clientHeight;
    }
    // What was revealed while this was hidden, in a tab behind another, was not scrolled to.
  }, [reveal, rowHeight, height > 0]);
  const rows: React.ReactNode[] = [];
  for (let index = first; index < last; index++) {
    rows.push(
      <div
        key={index}
        className="jp-Kf-virtualRow"
        role="presentation"
        style={{ top: index * rowHeight, height: rowHeight }}
      >
        {props.render(index)}
      </div>
    );
  }
  return (
    <div
      {...props.outer}
      ref={ref}
      className={`jp-Kf-virtual ${props.className ?? ''}`}
      onScroll={event => {
        setTop(event.currentTarget.scrollTop);
        props.onScrolled?.(event.currentTarget);
      }}
    >
      <div role="presentation" style={{ height: count * rowHeight }}>
        {rows}
      </div>
    </div>
  );
}
