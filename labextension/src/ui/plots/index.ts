/**
 * The plot library, loaded when the first plot is shown: `import('../ui/plots')`, or `PlotView`.
 *
 * All plots of the extension are Observable Plot's, drawn as SVG in the theme's own CSS
 * variables, so that a change of theme needs no drawing anew. labextension/README.md says why.
 */
import * as Plot from '@observablehq/plot';
import { type IPoint, thin } from '../../services/metrics';
import { type ITicks, ticks } from '../ticks';

export { Plot };

/** Series colours: the theme's own, in an order in which neighbours differ. */
export const SERIES = [
  'var(--jp-brand-color1)',
  'var(--jp-warn-color1)',
  'var(--jp-success-color1)',
  'var(--jp-error-color1)',
  'var(--jp-info-color1)',
  'var(--jp-accent-color1)',
  'var(--jp-content-font-color2)'
];

/** Room and letters that all plots share. */
export function frame(size: { width: number; height: number }): Plot.PlotOptions {
  return {
    width: Math.max(120, size.width),
    height: size.height,
    marginLeft: 60,
    marginRight: 14,
    marginTop: 18,
    marginBottom: 34,
    className: 'jp-KfPlot',
    style: {
      background: 'none',
      color: 'var(--jp-ui-font-color2)',
      fontFamily: 'var(--jp-ui-font-family)',
      fontSize: '11px',
      overflow: 'visible'
    }
  };
}

/** These values along an axis, in these words. */
export function axis({ values, words }: ITicks): Plot.ScaleOptions {
  return { ticks: values, tickFormat: words };
}

const LETTER_PX = 6.4;
/** So much of a plot is not worth the last digits of its words. */
const MOST_LEFT_PX = 120;

/** Room on the left for the words of an axis, of which none is cut that can be read at a glance. */
export function left({ letters }: ITicks): number {
  return Math.min(MOST_LEFT_PX, Math.max(28, Math.ceil(14 + LETTER_PX * letters)));
}

/** How high a legend is; a plot with one is drawn that much lower, so that both fit its place. */
export const LEGEND_PX = 40;

export interface ILineOptions {
  width: number;
  height: number;
  xLabel?: string;
  yLabel?: string;
  /** A legend above, when there is more than one series. */
  legend?: boolean;
  /** Which of the colours the first series gets. */
  colour?: number;
  /** Little room: short margins, no labels. */
  compact?: boolean;
  /** Order and number of the series, so that colours stay when one is hidden. */
  series?: string[];
}

/** Values over steps or time, a line for each series; one point alone is a dot. */
export function lines(
  points: IPoint[],
  options: ILineOptions
): SVGElement | HTMLElement {
  const series = options.series ?? [...new Set(points.map(point => point.series))];
  const drawn = series.flatMap(name =>
    thin(
      points.filter(point => point.series === name && Number.isFinite(point.y)),
      Math.max(100, options.width)
    )
  );
  const few = drawn.length <= 60;
  const legend = !!options.legend && series.length > 1;
  const height = options.height - (legend ? LEGEND_PX : 0);
  const y = ticks(...flat(ends(drawn, 'y')), { most: height / 34, around: true });
  const x = ticks(...ends(drawn, 'x'), {
    most: options.width / 90,
    whole: drawn.every(point => Number.isInteger(point.x))
  });
  return Plot.plot({
    ...frame({ ...options, height }),
    ...(options.compact ? { marginTop: 8, marginBottom: 20 } : {}),
    marginLeft: left(y),
    x: { label: options.xLabel ?? null, nice: false, ...axis(x) },
    y: {
      label: options.yLabel ?? null,
      grid: true,
      clamp: true,
      domain: [y.values[0], y.values[y.values.length - 1]],
      ...axis(y)
    },
    color: {
      domain: series,
      range: series.map(
        (_, index) => SERIES[(index + (options.colour ?? 0)) % SERIES.length]
      ),
      legend
    },
    marks: [
      Plot.lineY(drawn, { x: 'x', y: 'y', stroke: 'series', strokeWidth: 1.6 }),
      few ? Plot.dot(drawn, { x: 'x', y: 'y', fill: 'series', r: 2.2 }) : null,
      Plot.tip(
        drawn,
        Plot.pointer({
          x: 'x',
          y: 'y',
          stroke: 'series',
          fill: 'var(--jp-layout-color1)'
        })
      )
    ]
  });
}

/** A series that never changes gets a scale around it; from itself, there would be none. */
function flat([low, high]: [number, number]): [number, number] {
  const around = low === high ? Math.abs(low) * 0.05 || 1 : 0;
  return [low - around, high + around];
}

function ends(points: readonly IPoint[], key: 'x' | 'y'): [number, number] {
  return points.length
    ? points.reduce(
        ([low, high], point) => [Math.min(low, point[key]), Math.max(high, point[key])],
        [Infinity, -Infinity]
      )
    : [0, 1];
}
