/** Latency and rate, asked for while they are on the screen, and not otherwise. */
import * as React from 'react';
import { KfError } from '../services/rest';
import { ENDED } from '../services/validate';
import { Ago } from '../ui/clock';
import { useKf } from '../ui/context';
import { formatDuration, formatNumber, toNumber } from '../ui/format';
import { asKfError } from '../ui/hooks';
import { ProblemBox, Section } from '../ui/pieces';
import { PlotView } from '../ui/plot';
import type { Change, Counted, Run, Stats } from '../wire';
import { Counters } from './counters';
import {
  type ISample,
  latencyFigures,
  rates,
  sampled,
  series,
  SHOWN_S,
  WINDOW_S
} from './traffic';

export function Traffic(props: {
  name: string;
  ready: boolean;
  /** Whether it is asked for its counters now. */
  asks: boolean;
  /** How often this page has asked it for predictions. */
  asked: number;
  /** Which version has the traffic. */
  version: number;
  run: Run;
  /** What was counted in all, once it is over. */
  counted: Counted | null;
}): React.ReactElement {
  const { trans } = useKf();
  const ref = React.useRef<HTMLDivElement>(null);
  const { samples, stats, error } = useStats(props.name, props.asks, props.asked, ref);
  const version = stats?.version ?? props.version;
  const rate = React.useMemo(
    () =>
      rates(samples, {
        [trans.__('requests')]: sample => sample.requests,
        [trans.__('errors')]: sample => sample.errors
      }),
    [samples]
  );
  const latency = React.useMemo(
    () =>
      series(samples, {
        p50: sample => sample.p50 * 1000,
        p90: sample => sample.p90 * 1000,
        p99: sample => sample.p99 * 1000
      }),
    [samples]
  );
  return (
    <Section title={trans.__('Traffic')}>
      <div ref={ref}>
        {error && props.ready ? <ProblemBox problem={error.problem} /> : null}
        {props.ready ? (
          <>
            <p className="jp-Kf-quiet">
              {trans.__('Counted by version %1, which has the traffic.', version)}
            </p>
            <Counts counted={stats} latency={stats?.latency_s ?? null} />
          </>
        ) : (
          <Past run={props.run} counted={props.counted ?? stats} />
        )}
        {props.ready ? (
          <div className="jp-Kf-columns">
            <Lines
              title={trans.__('Requests per second, over %1 s each', WINDOW_S)}
              points={rate}
            />
            <Lines
              title={trans.__('Latency of the last minute, ms')}
              points={latency}
              empty={trans.__('No request in the last minute.')}
            />
          </div>
        ) : null}
      </div>
    </Section>
  );
}

/** What there is to say of an endpoint that takes no traffic: what it counted, or why nothing. */
function Past(props: { run: Run; counted: Counted | null }): React.ReactElement {
  const { trans } = useKf();
  const { run, counted } = props;
  if (!ENDED.has(run.state)) {
    return (
      <p className="jp-Kf-quiet">{trans.__('It counts once it takes traffic.')}</p>
    );
  }
  return counted ? (
    <>
      <Counts counted={counted} />
      <p className="jp-Kf-quiet">
        <Ago
          at_s={run.ended_s}
          words={age =>
            trans.__('Counted from its start to its end, which was %1.', age)
          }
        />
      </p>
    </>
  ) : (
    <p className="jp-Kf-quiet">
      {trans.__(
        'It takes no traffic any more, and ended without saying what it had counted.'
      )}
    </p>
  );
}

function Counts(props: {
  counted: Counted | null;
  latency?: Stats['latency_s'];
}): React.ReactElement {
  const { trans } = useKf();
  const { counted, latency } = props;
  const told: [string, string][] = [
    [trans.__('Requests'), counted ? formatNumber(counted.requests_total) : '–'],
    [trans.__('Rows'), counted ? formatNumber(counted.rows_total) : '–'],
    [trans.__('Errors'), counted ? formatNumber(counted.errors_total) : '–']
  ];
  if (latency !== undefined) {
    const known = { p50: toNumber(latency?.p50), p99: toNumber(latency?.p99) };
    told.push(
      ...latencyFigures(known, trans).map(([name, seconds]): [string, string] => [
        name,
        formatDuration(seconds)
      ])
    );
  }
  return (
    <dl className="jp-Kf-figures">
      {told.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Lines(props: {
  title: string;
  points: ReturnType<typeof series>;
  empty?: string;
}): React.ReactElement {
  const { trans } = useKf();
  const { title, points } = props;
  return (
    <div>
      <div className="jp-Kf-quiet">{title}</div>
      {points.length ? (
        <PlotView
          label={title}
          height={190}
          data={points}
          draw={(plots, size) =>
            draw(plots, size, points, trans.__('seconds before now'))
          }
        />
      ) : (
        <div className="jp-Kf-noPlot jp-Kf-quiet">
          {props.empty ?? trans.__('Counting…')}
        </div>
      )}
    </div>
  );
}

/** Lines that end now and stand on zero, so that the picture moves as little as it can. */
function draw(
  { Plot, frame, SERIES, LEGEND_PX }: typeof import('../ui/plots'),
  size: { width: number; height: number },
  points: ReturnType<typeof series>,
  xLabel: string
): Element {
  const names = [...new Set(points.map(point => point.series))];
  const known = points.filter(point => !Number.isNaN(point.y));
  const top = Math.max(0, ...known.map(point => point.y));
  return Plot.plot({
    ...frame({ ...size, height: size.height - LEGEND_PX }),
    x: { label: xLabel, domain: [-SHOWN_S, 0], ticks: [-60, -45, -30, -15, 0] },
    y: { label: null, domain: [0, top || 1], nice: true, grid: true, ticks: 4 },
    color: { domain: names, range: SERIES.slice(0, names.length), legend: true },
    marks: [
      points.length > names.length
        ? Plot.lineY(points, { x: 'x', y: 'y', stroke: 'series', strokeWidth: 1.6 })
        : null,
      known.length < 8
        ? Plot.dot(known, { x: 'x', y: 'y', fill: 'series', r: 2.2 })
        : null
    ]
  });
}

interface IStats {
  samples: ISample[];
  stats: Stats | null;
  error: KfError | null;
}

function useStats(
  name: string,
  asks: boolean,
  asked: number,
  ref: React.RefObject<HTMLElement>
): IStats {
  const { kf } = useKf();
  const [state, set] = React.useState<IStats>({
    samples: [],
    stats: null,
    error: null
  });
  const counters = React.useRef<Counters | null>(null);
  React.useEffect(() => {
    if (!asks || !ref.current) {
      return;
    }
    const mine = new Counters(kf.rest, name, (stats, failure) =>
      set(known =>
        stats
          ? {
              samples: sampled(known.samples, stats),
              stats,
              error: null
            }
          : { ...known, error: asKfError(failure) }
      )
    );
    counters.current = mine;
    const observer = new IntersectionObserver(([entry]) =>
      mine.look(entry.isIntersecting)
    );
    observer.observe(ref.current);
    const onChange = (_: unknown, { thing, id }: Change) => {
      if (thing === 'endpoint' && id === name) {
        mine.quicken();
      }
    };
    kf.changed.connect(onChange);
    mine.start();
    return () => {
      kf.changed.disconnect(onChange);
      observer.disconnect();
      mine.dispose();
    };
  }, [kf, name, asks, ref]);
  React.useEffect(() => {
    if (asked) {
      counters.current?.quicken();
    }
  }, [asked]);
  return state;
}
