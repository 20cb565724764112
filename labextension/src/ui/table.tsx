/**
 * A table of any length: only the visible rows exist, one row may be chosen, columns may sort.
 *
 * Keyboard: the body is one tab stop; arrows, Home, End and the page keys move the chosen row.
 */
import * as React from 'react';
import { useKf } from './context';
import { target } from './keys';
import { VirtualList } from './virtual';
import { leastWidth } from './widths';

export interface IColumn<R> {
  key: string;
  title: string;
  /** A track of CSS grid. */
  width: string;
  /** Set right, in figures of one width. */
  number?: boolean;
  /** Never sorted by. */
  fixed?: boolean;
  /** A tooltip for its head. */
  help?: string;
  cell: (row: R) => React.ReactNode;
}

export interface ITableProps<R> {
  label: string;
  columns: readonly IColumn<R>[];
  rows: readonly R[];
  keyOf: (row: R) => string;
  chosen?: string | null;
  choose?: (key: string) => void;
  order?: { key: string; descending: boolean };
  /** Columns sort when this is given. */
  sort?: (key: string) => void;
  rowHeight?: number;
  /** As high as its rows, up to so many; without it as high as its place. */
  mostRows?: number;
}

export function VirtualTable<R>(props: ITableProps<R>): React.ReactElement {
  const { columns, rows, keyOf, chosen, choose, order, rowHeight = 28 } = props;
  const { trans } = useKf();
  const grid = columns.map(column => column.width).join(' ');
  const at = chosen ? rows.findIndex(row => keyOf(row) === chosen) : -1;
  const onKey = (event: React.KeyboardEvent) => {
    const to = target(event.key, at, rows.length);
    if (choose && to !== null) {
      event.preventDefault();
      choose(keyOf(rows[to]));
    }
  };
  const height = props.mostRows
    ? Math.min(props.mostRows, Math.max(1, rows.length)) * rowHeight
    : undefined;
  // Without a known height it may; a table that does not has no strip kept free for the bar.
  const scrolls = !props.mostRows || rows.length > props.mostRows;
  const minWidth = leastWidth(columns);
  return (
    <>
      <div
        className={`jp-Kf-grid${scrolls ? ' jp-mod-scrolls' : ''}`}
        role="grid"
        aria-label={props.label}
        aria-rowcount={rows.length + 1}
        aria-readonly="true"
      >
        <div
          className="jp-Kf-gridHead"
          role="row"
          style={{ gridTemplateColumns: grid, minWidth }}
        >
          {columns.map(({ key, title, number, help, fixed }) => (
            <div
              key={key}
              role="columnheader"
              className={number ? 'jp-mod-number' : ''}
              aria-sort={
                order?.key === key
                  ? order.descending
                    ? 'descending'
                    : 'ascending'
                  : undefined
              }
              title={help}
            >
              {props.sort && !fixed ? (
                <button
                  type="button"
                  title={help ?? trans.__('Sort by %1', title)}
                  onClick={() => props.sort!(key)}
                >
                  <span>{title}</span>
                  <span aria-hidden="true" className="jp-Kf-sortMark">
                    {order?.key === key ? (order.descending ? '▾' : '▴') : ''}
                  </span>
                </button>
              ) : (
                title
              )}
            </div>
          ))}
        </div>
        <VirtualList
          count={rows.length}
          rowHeight={rowHeight}
          className="jp-Kf-gridBody"
          reveal={at}
          outer={{
            role: 'rowgroup',
            tabIndex: 0,
            style: { height, minWidth },
            onKeyDown: onKey,
            'aria-label': props.label
          }}
          render={index => {
            const row = rows[index];
            const key = keyOf(row);
            return (
              <div
                role="row"
                aria-rowindex={index + 2}
                aria-selected={choose ? key === chosen : undefined}
                className={`jp-Kf-gridRow${key === chosen ? ' jp-mod-chosen' : ''}${choose ? ' jp-mod-choosable' : ''}`}
                style={{ gridTemplateColumns: grid }}
                onClick={choose && (() => choose(key))}
              >
                {columns.map(column => (
                  <div
                    key={column.key}
                    role="gridcell"
                    className={column.number ? 'jp-mod-number' : ''}
                  >
                    {column.cell(row)}
                  </div>
                ))}
              </div>
            );
          }}
        />
      </div>
      <span className="jp-Kf-unseen" aria-live="polite">
        {at >= 0 ? trans.__('Row %1: %2', at + 1, chosen) : ''}
      </span>
    </>
  );
}

/** A short table, whole in the page. */
export function Table<R>(props: {
  label: string;
  columns: readonly Omit<IColumn<R>, 'width'>[];
  rows: readonly R[];
  keyOf: (row: R) => string;
  /** All columns are as wide as each other, and at least so many pixels. */
  even_px?: number;
}): React.ReactElement {
  const { even_px } = props;
  const even = even_px && {
    className: 'jp-mod-even',
    style: { minWidth: even_px * props.columns.length }
  };
  return (
    <div className="jp-Kf-cells">
      <table aria-label={props.label} {...even}>
        <thead>
          <tr>
            {props.columns.map(({ key, title, number, help }) => (
              <th
                key={key}
                scope="col"
                className={number ? 'jp-mod-number' : ''}
                title={help}
              >
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map(row => (
            <tr key={props.keyOf(row)}>
              {props.columns.map(({ key, number, cell }) => (
                <td key={key} className={number ? 'jp-mod-number' : ''}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
