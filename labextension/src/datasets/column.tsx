/** One column of a dataset, large: its histogram or its most frequent values, and its numbers. */
import * as React from 'react';
import { useKf } from '../ui/context';
import { formatNumber } from '../ui/format';
import { Facts, Section } from '../ui/pieces';
import { PlotView } from '../ui/plot';
import { useSome } from '../ui/some';
import {
  bins,
  type Counts,
  frequencies,
  type IProfiled,
  othersThan,
  valueWords
} from './model';

const FILL = 'var(--jp-brand-color1)';
const MOST_VALUES = 12;

export function ColumnView(props: {
  column: IProfiled;
  rows: number;
}): React.ReactElement {
  const { column, rows } = props;
  const counted = React.useMemo(() => frequencies(column, rows), [column, rows]);
  const { shown, more } = useSome(counted, MOST_VALUES);
  return (
    <Section title={column.name} className="jp-Kf-column">
      {column.histogram ? <Histogram column={column} /> : <Frequencies data={shown} />}
      {column.histogram ? null : more}
      <Numbers
        column={column}
        rows={rows}
        others={column.histogram ? 0 : othersThan(shown, column, rows)}
      />
    </Section>
  );
}

function Histogram({ column }: { column: IProfiled }): React.ReactElement {
  const { trans } = useKf();
  const data = React.useMemo(() => bins(column), [column]);
  const timed = column.unit !== null;
  return (
    <PlotView
      label={trans.__(
        'Histogram of %1, from %2 to %3',
        column.name,
        column.low,
        column.high
      )}
      height={190}
      data={data}
      draw={({ Plot, frame }, size) =>
        Plot.plot({
          ...frame(size),
          x: {
            type: timed ? 'utc' : 'linear',
            label: null,
            ticks: Math.max(2, size.width / 90)
          },
          y: { label: trans.__('rows'), grid: true, ticks: 4, tickFormat: 's' },
          marks: [
            Plot.rectY(data, {
              x1: bin => (timed ? new Date(bin.from) : bin.from),
              x2: bin => (timed ? new Date(bin.to) : bin.to),
              y: 'count',
              fill: FILL,
              insetLeft: 0.5,
              insetRight: 0.5
            }),
            Plot.ruleY([0], { stroke: 'var(--jp-border-color1)' })
          ]
        })
      }
    />
  );
}

function Frequencies({ data }: { data: Counts }): React.ReactElement {
  const { trans } = useKf();
  if (!data.length) {
    return <p className="jp-Kf-quiet">{trans.__('It has no value to be counted.')}</p>;
  }
  return (
    <PlotView
      label={data
        .map(({ value, count }) => `${valueWords(value)}: ${formatNumber(count)}`)
        .join(', ')}
      height={30 + 22 * data.length}
      data={data}
      draw={({ Plot, frame }, size) =>
        Plot.plot({
          ...frame(size),
          marginTop: 4,
          marginBottom: 26,
          marginLeft: 120,
          marginRight: countPx(data),
          x: { label: null, ticks: 3, tickFormat: 's' },
          y: {
            domain: data.map((_, at) => at),
            label: null,
            tickFormat: (at: number) => short(valueWords(data[at].value))
          },
          marks: [
            Plot.barX(data, { x: 'count', y: (_, at) => at, fill: FILL }),
            Plot.text(data, {
              x: 'count',
              y: (_, at) => at,
              text: entry => formatNumber(entry.count),
              dx: 4,
              textAnchor: 'start',
              fill: 'var(--jp-ui-font-color1)'
            })
          ]
        })
      }
    />
  );
}

/** So wide is the longest count beside its bar. */
function countPx(data: Counts): number {
  const longest = Math.max(...data.map(({ count }) => formatNumber(count).length));
  return 10 + 7 * longest;
}

function short(text: string): string {
  return text.length > 17 ? `${text.slice(0, 16)}…` : text;
}

function Numbers(props: {
  column: IProfiled;
  rows: number;
  /** Rows with values that are not shown. */
  others: number;
}): React.ReactElement {
  const { trans } = useKf();
  const { column, rows, others } = props;
  const share = rows ? ` (${(100 * column.nullShare).toFixed(1)} %)` : '';
  const facts: [string, React.ReactNode][] = [
    [trans.__('Type'), column.type],
    [trans.__('Nulls'), column.nulls ? `${formatNumber(column.nulls)}${share}` : '0']
  ];
  if (column.distinct !== null) {
    facts.push([trans.__('Distinct'), formatNumber(column.distinct)]);
  }
  if (column.notFinite) {
    facts.push([trans.__('NaN or infinite'), formatNumber(column.notFinite)]);
  }
  if (column.low || column.high) {
    facts.push([trans.__('Lowest'), column.low], [trans.__('Highest'), column.high]);
  }
  if (column.mean !== null) {
    facts.push([trans.__('Mean'), formatNumber(column.mean)]);
  }
  if (column.std !== null) {
    facts.push([trans.__('Standard deviation'), formatNumber(column.std)]);
  }
  const q = column.quantiles;
  if (column.mean !== null && q.length > 4) {
    const at = (share: number) => formatNumber(q[Math.round(share * (q.length - 1))]);
    facts.push([trans.__('Quartiles'), `${at(0.25)} · ${at(0.5)} · ${at(0.75)}`]);
  }
  if (others) {
    facts.push([trans.__('Rows with other values'), formatNumber(others)]);
  }
  return <Facts facts={facts} />;
}
