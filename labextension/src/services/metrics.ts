/**
 * What one run reported, growing while it runs.
 *
 * Curves are fetched first: the server reads everything, and sends no more points than a picture
 * shows. Then what is new is fetched after each event of the run, whose row may be the same, as on
 * a plateau; no stream is held, so a notebook may show any number of runs. When much is new, curves
 * are fetched again: here nothing is thinned twice, which would wear away a curve's beginning.
 */
import { Signal } from '@lumino/signaling';
import type { IKubeflow } from '../tokens';
import type { Change, MetricPage } from '../wire';
import { Paced } from './paced';
import { mayPass, part } from './rest';

export interface IPoint {
  series: string;
  x: number;
  y: number;
}

const EVERY_MS = 150;
/** So many new points of a metric, and it is time for curves. */
const MOST = 4_000;

export class MetricsFeed {
  constructor(
    private readonly kf: IKubeflow,
    private readonly run: string
  ) {
    kf.runs.changed.connect(this.onNews, this);
    kf.changed.connect(this.onChange, this);
    kf.stale.connect(this.again, this);
    this.fetching.ask();
  }

  /** Emitted when points have come. */
  readonly changed = new Signal<this, void>(this);

  /** Points by metric, in the order in which metrics were first reported. */
  get series(): ReadonlyMap<string, readonly IPoint[]> {
    return this._series;
  }

  /** Whether the server answered: before, nothing is known, which is not that there is nothing. */
  get known(): boolean {
    return this._known;
  }

  /** Grows with every change, for those who compare. */
  get version(): number {
    return this._version;
  }

  dispose(): void {
    this.disposed = true;
    this.kf.runs.changed.disconnect(this.onNews, this);
    this.kf.changed.disconnect(this.onChange, this);
    this.kf.stale.disconnect(this.again, this);
    this.fetching.dispose();
    Signal.clearData(this);
  }

  private onNews(_: unknown, { id, row }: { id: string; row: unknown }): void {
    if (id === this.run && row !== null) {
      this.again();
    }
  }

  private onChange(_: unknown, { thing, id, action }: Change): void {
    if (thing === 'run' && id === this.run && action !== 'deleted') {
      this.again();
    }
  }

  private again(): void {
    this.fetching.ask();
  }

  /** The curves, then all that is new; either may take several answers. */
  private async fetch(): Promise<void> {
    const path = `runs/${part(this.run)}/metrics`;
    for (let more = true; more;) {
      const query = this.old ? { curves: true } : { after: this.next };
      const page = await this.kf.rest.get<MetricPage>(path, query);
      if (this.disposed || (!this.old && page.next <= this.next)) {
        return;
      }
      if (!this.old && page.more) {
        this.old = true; // so far behind that the whole is less
        continue;
      }
      this.take(page);
      more = page.more || this.old;
    }
  }

  private take(page: MetricPage): void {
    if (page.counts) {
      this._series.clear();
      this.fresh.clear();
    }
    for (const { name, value, step } of page.points) {
      const known = this._series.get(name) ?? [];
      const count = this.counts.get(name) ?? 0;
      known.push({ series: name, x: step ?? count, y: Number(value) });
      this._series.set(name, known);
      this.counts.set(name, count + 1);
      this.fresh.set(name, (this.fresh.get(name) ?? 0) + 1);
    }
    if (page.counts) {
      this.counts = new Map(Object.entries(page.counts));
      this.fresh.clear();
    }
    this.old = page.counts ? page.more : [...this.fresh.values()].some(n => n > MOST);
    this.next = page.next;
    this._known = true;
    this._version += 1;
    this.changed.emit();
  }

  private readonly fetching = new Paced(() => this.fetch(), EVERY_MS, mayPass);
  /** Reports of each metric, and how many of them came after the curves. */
  private counts = new Map<string, number>();
  private readonly fresh = new Map<string, number>();
  private readonly _series = new Map<string, IPoint[]>();
  private _known = false;
  private _version = 0;
  private disposed = false;
  private next = 0;
  /** Curves are to be fetched. */
  private old = true;
}

/**
 * As many points as can be told apart: of each bin of neighbours its lowest and its highest.
 *
 * A peak stays visible, which a mean or every n-th point would lose; and the last point is where
 * the series is now.
 */
export function thin<T extends { x: number; y: number }>(
  points: T[],
  most: number
): T[] {
  if (points.length <= most) {
    return points;
  }
  const last = points[points.length - 1];
  const bins = Math.floor((most - 1) / 2);
  const kept: T[] = [];
  for (let bin = 0; bin < bins; bin++) {
    const from = Math.floor((bin * points.length) / bins);
    const to = Math.floor(((bin + 1) * points.length) / bins);
    let low = from;
    let high = from;
    for (let index = from; index < to; index++) {
      low = points[index].y < points[low].y ? index : low;
      high = points[index].y > points[high].y ? index : high;
    }
    kept.push(points[Math.min(low, high)]);
    if (low !== high) {
      kept.push(points[Math.max(low, high)]);
    }
  }
  if (kept[kept.length - 1] !== last) {
    kept.push(last);
  }
  return kept;
}
