/** The value of each trial by its number, and the best so far: on a study's page and its cards. */
import * as React from 'react';
import type { Study } from '../wire';
import { useKf } from './context';
import { formatNumber } from './format';
import { history, type IAttempt, scale } from './history';
import { PlotView } from './plot';
import { ticks } from './ticks';

const BEST = 'var(--jp-brand-color1)';
const QUIET = 'var(--jp-ui-font-color3)';
const FAILED = 'var(--jp-error-color1)';
/** So many trials beyond the scale are named. */
const MOST_NAMED = 3;

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
  const data = React.useMemo(() => {
    const told = history(study, metric);
    return { ...told, scale: scale(told) };
  }, [study, metric]);
  const { beyond } = data.scale;
  const [bestWord, trialWord, prunedWord, failedWord] = [
    trans.__('best so far'),
    trans.__('trial'),
    trans.__('ended early'),
    trans.__('failed')
  ];
  const inside = data.attempts.filter(attempt => !beyond.includes(attempt));
  const pruned = data.attempts.some(attempt => attempt.pruned);
  const words = ({ number, value, pruned }: IAttempt) =>
    [`${trialWord} ${number}`, `${name} ${formatNumber(value)}`]
      .concat(pruned ? [prunedWord] : [])
      .join('\n');
  const plot = (
    <PlotView
      label={trans.__('%1 of each trial, and the best so far', name)}
      height={props.height}
      data={data}
      draw={({ Plot, frame, LEGEND_PX, axis, left }, size) => {
        const numbers = [...data.attempts.map(({ number }) => number), ...data.failed];
        const { low, high } = data.scale;
        const y = ticks(...around(low, high), { most: size.height / 40, around: true });
        const x = ticks(Math.min(...numbers), Math.max(...numbers), {
          most: size.width / 60,
          whole: true
        });
        const shown = [
          [bestWord, BEST],
          [trialWord, 'var(--jp-ui-font-color2)'],
          ...(pruned ? [[prunedWord, QUIET]] : []),
          ...(data.failed.length ? [[failedWord, FAILED]] : [])
        ];
        const floor = y.values[0];
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
            domain: shown.map(([word]) => word),
            range: shown.map(([, colour]) => colour),
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
            // At the edge, where the scale has no room for it, or without a value.
            Plot.dot(beyond, {
              x: 'number',
              y: 'value',
              r: 4,
              symbol: 'triangle',
              rotate: attempt => (attempt.value < data.scale.low ? 180 : 0),
              fill: attempt => (attempt.pruned ? prunedWord : trialWord)
            }),
            Plot.dot(data.failed, {
              x: number => number,
              y: () => floor,
              r: 3.5,
              symbol: 'times',
              stroke: () => failedWord
            }),
            Plot.dot(inside, {
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
  const named = beyond
    .slice(0, MOST_NAMED)
    .map(({ number, value }) => `${trialWord} ${number} (${formatNumber(value)})`);
  const more = beyond.length - named.length;
  return beyond.length ? (
    <>
      {plot}
      <p className="jp-Kf-quiet">
        {trans.__(
          'Beyond the scale, at its edge: %1',
          [...named, more > 0 ? trans.__('%1 more', more) : '']
            .filter(Boolean)
            .join(', ')
        )}
      </p>
    </>
  ) : (
    plot
  );
}

/** The ends of what is drawn; some room around a value that never changed. */
function around(low: number | undefined, high: number): [number, number] {
  if (low === undefined) {
    return [0, 1];
  }
  const room = low === high ? Math.abs(low) * 0.02 || 1 : 0;
  return [low - room, high + room];
}
