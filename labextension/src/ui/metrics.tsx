/** Live plots of what a run reports, one for each metric. */
import * as React from 'react';
import { type IPoint, MetricsFeed } from '../services/metrics';
import { useKf } from './context';
import { formatNumber } from './format';
import { useSignal } from './hooks';
import { PlotView } from './plot';
import { useSome } from './some';

const MOST_DRAWN = 24;

/** The feed of a run, made once and disposed with the component. */
export function useMetrics(run: string): MetricsFeed {
  const { kf } = useKf();
  const [feed, setFeed] = React.useState(() => new MetricsFeed(kf, run));
  const first = React.useRef(true);
  React.useEffect(() => {
    const mine = first.current ? feed : new MetricsFeed(kf, run);
    first.current = false;
    setFeed(mine);
    return () => mine.dispose();
  }, [kf, run]);
  useSignal(feed.changed);
  return feed;
}

/** Small multiples, each with its own scale; what was reported once is a number, not a plot. */
export function MetricPlots(props: {
  feed: MetricsFeed;
  height: number;
  most?: number;
  /** Opens the page that has all of them, where this is not the place for more. */
  elsewhere?: () => void;
}): React.ReactElement | null {
  const all = [...props.feed.series];
  const { shown: drawn, more } = useSome(
    all.filter(([, points]) => points.length > 1),
    props.most ?? MOST_DRAWN,
    props.elsewhere
  );
  const single = all.filter(([, points]) => points.length === 1);
  return (
    <>
      {drawn.length ? (
        <div className="jp-Kf-plots">
          {drawn.map(([name, points], index) => (
            <MetricPlot key={name} {...{ name, points, index }} {...props} />
          ))}
        </div>
      ) : null}
      {more}
      {single.length ? (
        <div className="jp-Kf-values">
          {single.map(([name, [point]]) => (
            <span key={name} className="jp-Kf-value">
              <span className="jp-Kf-quiet">{name}</span> <b>{formatNumber(point.y)}</b>
            </span>
          ))}
        </div>
      ) : null}
    </>
  );
}

function MetricPlot(props: {
  name: string;
  points: readonly IPoint[];
  index: number;
  feed: MetricsFeed;
  height: number;
}): React.ReactElement {
  const { trans } = useKf();
  const { name, points, index } = props;
  const now = points[points.length - 1].y;
  return (
    <div className="jp-Kf-metric">
      <div className="jp-Kf-metricHead">
        <span title={name}>{name}</span>
        <b>{formatNumber(now)}</b>
      </div>
      <PlotView
        label={trans.__('%1 over steps, now %2', name, formatNumber(now))}
        height={props.height}
        data={props.feed.version}
        draw={(plots, size) =>
          plots.lines([...points], { ...size, colour: index, compact: true })
        }
      />
    </div>
  );
}
