/** Live plots of what a run reports, one for each metric. */
import * as React from 'react';
import { MetricsFeed } from '../services/metrics';
import { useKf } from './context';
import { formatNumber } from './format';
import { useSignal } from './hooks';
import { PlotView } from './plot';

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

/** Small multiples: each metric has its own scale. */
export function MetricPlots(props: {
  feed: MetricsFeed;
  height: number;
  most?: number;
}): React.ReactElement | null {
  const { trans } = useKf();
  const all = [...props.feed.series].slice(0, props.most ?? 24);
  return (
    <div className="jp-Kf-plots">
      {all.map(([name, points], index) => (
        <div key={name} className="jp-Kf-metric">
          <div className="jp-Kf-metricHead">
            <span>{name}</span>
            <b>{formatNumber(points[points.length - 1].y)}</b>
          </div>
          <PlotView
            label={trans.__('%1 over steps, now %2', name, points[points.length - 1].y)}
            height={props.height}
            data={props.feed.version}
            draw={(plots, size) =>
              plots.lines([...points], { ...size, colour: index, compact: true })
            }
          />
        </div>
      ))}
    </div>
  );
}
