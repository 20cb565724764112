/** The pictures that only a study's page has: parallel coordinates, importance. */
import * as React from 'react';
import { useKf } from '../ui/context';
import { formatNumber } from '../ui/format';
import { PlotView } from '../ui/plot';
import type { Study } from '../wire';
import { axes, type IAxis, type ILine, parallels, withoutLine } from './model';

const BEST = 'var(--jp-brand-color1)';

export function ParallelPlot(props: {
  study: Study;
  space: Record<string, string>;
  metric: number;
  /** The trial to be shown above the others; null for none. */
  chosen: number | null;
}): React.ReactElement | null {
  const { trans } = useKf();
  const { study, space, metric, chosen } = props;
  const data = React.useMemo(() => {
    const all = axes(study, space, metric);
    return { axes: all, lines: parallels(study, all, metric), chosen };
  }, [study, space, metric, chosen]);
  const maximize = study.maximize[metric];
  const without = withoutLine(study, metric, trans);
  const failed = without ? <p className="jp-Kf-quiet">{without}</p> : null;
  if (data.lines.length === 0) {
    return (
      failed ?? <p className="jp-Kf-quiet">{trans.__('No trial has finished yet.')}</p>
    );
  }
  const plot = (
    <PlotView
      label={trans.__('Parameters of each trial and its %1', study.metrics[metric])}
      height={260}
      data={data}
      draw={({ Plot, frame }, size) => {
        const points = data.lines.flatMap(
          pointsOf(data.axes, maximize, data.lines.length)
        );
        const top = points.filter(point => point.trial === chosen);
        const ticks = data.axes.flatMap(ticksOf);
        return Plot.plot({
          ...frame(size),
          marginLeft: 64,
          marginRight: 64,
          marginTop: 30,
          marginBottom: 12,
          x: {
            type: 'point',
            domain: data.axes.map((_, index) => index),
            axis: 'top',
            tickFormat: (index: number) => data.axes[index].name,
            label: null,
            padding: 0
          },
          y: { domain: [0, 1], axis: null },
          marks: [
            Plot.ruleX(
              data.axes.map((_, index) => index),
              {
                stroke: 'var(--jp-border-color1)'
              }
            ),
            Plot.line(points, {
              x: 'axis',
              y: 'at',
              z: 'trial',
              stroke: BEST,
              strokeOpacity: { value: 'strength', scale: null },
              strokeWidth: 1.3
            }),
            Plot.line(top, {
              x: 'axis',
              y: 'at',
              stroke: 'var(--jp-warn-color1)',
              strokeWidth: 2.6
            }),
            Plot.text(ticks, {
              x: 'axis',
              y: 'at',
              text: 'text',
              dx: 5,
              textAnchor: 'start',
              fill: 'var(--jp-ui-font-color1)',
              stroke: 'var(--jp-layout-color1)',
              strokeWidth: 4
            })
          ]
        });
      }}
    />
  );
  return (
    <>
      {plot}
      {failed}
    </>
  );
}

/** So many lines can be told apart. */
const FULL = 60;

interface ICrossing {
  trial: number;
  /** How strong its line is: the better, the stronger. */
  strength: number;
  axis: number;
  at: number;
}

function pointsOf(
  all: IAxis[],
  maximize: boolean,
  count: number
): (line: ILine) => ICrossing[] {
  // Of hundreds only the best are strong: else they hide each other.
  const thin = Math.min(1, FULL / count);
  return line => {
    const end = line.at[all.length - 1];
    const strength = 0.25 * thin + 0.7 * (maximize ? end : 1 - end) ** (2 / thin);
    return all
      .map((_, axis) => ({ trial: line.trial, strength, axis, at: line.at[axis] }))
      .filter(point => Number.isFinite(point.at));
  };
}

function ticksOf(
  axis: IAxis,
  index: number
): { axis: number; at: number; text: string }[] {
  if (axis.kind === 'choice') {
    const last = Math.max(1, axis.choices.length - 1);
    return axis.choices.map((text, at) => ({
      axis: index,
      at: axis.choices.length < 2 ? 0.5 : at / last,
      text
    }));
  }
  const ends = axis.low < axis.high ? [0, 1] : [0.5];
  return ends.map(at => ({
    axis: index,
    at,
    text: formatNumber(at === 1 ? axis.high : axis.low)
  }));
}

export function ImportancePlot(props: {
  importance: Record<string, number>;
}): React.ReactElement {
  const { trans } = useKf();
  const data = React.useMemo(
    () =>
      Object.entries(props.importance)
        .map(([name, share]) => ({ name, share: Number(share) }))
        .sort((a, b) => b.share - a.share),
    [props.importance]
  );
  return (
    <PlotView
      label={data
        .map(({ name, share }) => `${name} ${Math.round(share * 100)} %`)
        .join(', ')}
      height={Math.max(90, Math.min(240, 40 + 30 * data.length))}
      data={data}
      draw={({ Plot, frame }, size) =>
        Plot.plot({
          ...frame(size),
          marginLeft: Math.min(140, 20 + 7 * Math.max(...data.map(d => d.name.length))),
          marginRight: 44,
          marginTop: 4,
          x: {
            domain: [0, Math.max(0.01, data[0]?.share ?? 1)],
            label: trans.__('share of the variation'),
            ticks: 4,
            tickFormat: (share: number) => `${Math.round(share * 100)} %`
          },
          y: { domain: data.map(d => d.name), label: null, padding: 0.3 },
          marks: [
            Plot.barX(data, { x: 'share', y: 'name', fill: BEST }),
            Plot.text(data, {
              x: 'share',
              y: 'name',
              text: d => `${Math.round(d.share * 100)} %`,
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
