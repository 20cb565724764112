/** The value of each trial by its number, and the best so far: on a study's page and its cards. */
import * as React from 'react';
import type { Study } from '../wire';
import { useKf } from './context';
import { formatNumber } from './format';
import { history, type IAttempt } from './history';
import { PlotView } from './plot';
import { ticks } from './ticks';

const BEST = 'var(--jp-brand-color1)';
const QUIET = 'var(--jp-ui-font-color3)';

export function HistoryPlot(props: {
  study: Study;
  metric: number;
  height: number;
  /** Little room: no legend and no names of the axes. */
  compact?: boolean;
}): React.ReactElement {
  const { trans } = useKf();
  const { study, metric, compact } = props;
  const name = study.metrics[metric];
  const data = React.useMemo(() => history(study, metric), [study, metric]);
  const [bestWord, trialWord, prunedWord] = [
    trans.__('best so far'),
    trans.__('trial'),
    trans.__('ended early')
  ];
  const pruned = data.attempts.some(attempt => attempt.pruned);
  const words = ({ number, value, pruned }: IAttempt) =>
    [`${trialWord} ${number}`, `${name} ${formatNumber(value)}`]
      .concat(pruned ? [prunedWord] : [])
      .join('\n');
  return (
    <PlotView
      label={trans.__('%1 of each trial, and the best so far', name)}
      height={props.height}
      data={data}
      draw={({ Plot, frame, LEGEND_PX, axis, left }, size) => {
        const numbers = data.attempts.map(({ number }) => number);
        const values = data.attempts.map(({ value }) => value);
        const y = ticks(...around(values), { most: size.height / 40, around: true });
        const x = ticks(Math.min(...numbers), Math.max(...numbers), {
          most: size.width / 60,
          whole: true
        });
        return Plot.plot({
          ...frame({ ...size, height: size.height - (compact ? 0 : LEGEND_PX) }),
          ...(compact ? { marginTop: 8, marginBottom: 20 } : { marginTop: 24 }),
          marginLeft: left(y),
          x: { label: compact ? null : trialWord, ...axis(x) },
          y: {
            label: compact ? null : name,
            grid: true,
            clamp: true,
            domain: [y.values[0], y.values[y.values.length - 1]],
            ...axis(y)
          },
          color: {
            domain: [bestWord, trialWord, ...(pruned ? [prunedWord] : [])],
            range: [BEST, 'var(--jp-ui-font-color2)', ...(pruned ? [QUIET] : [])],
            legend: !compact
          },
          marks: [
            Plot.lineY(data.best, {
              x: 'number',
              y: 'value',
              stroke: () => bestWord,
              curve: 'step-after',
              strokeWidth: 1.8
            }),
            Plot.dot(data.attempts, {
              x: 'number',
              y: 'value',
              r: compact ? 2.2 : 3,
              stroke: attempt => (attempt.pruned ? prunedWord : trialWord),
              fill: attempt => (attempt.pruned ? 'none' : trialWord)
            }),
            Plot.tip(
              data.attempts,
              Plot.pointer({
                x: 'number',
                y: 'value',
                fill: 'var(--jp-layout-color1)',
                title: words
              })
            )
          ]
        });
      }}
    />
  );
}

/** The ends of what is drawn; some room around a value that never changed. */
function around(values: number[]): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = low === high ? Math.abs(low) * 0.02 || 1 : 0;
  return values.length ? [low - room, high + room] : [0, 1];
}
