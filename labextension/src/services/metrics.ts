/**
 * What one run reported, growing while it runs.
 *
 * Points are fetched after an event of the run, those that are new; its row may be the same, as on
 * a plateau. No stream is held, so a notebook may show any number of runs. Long series are thinned, keeping each bin's extremes.
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

  /** All that is new: an answer has so many points at most, and says that there are more. */
  private async fetch(): Promise<void> {
    const path = `runs/${part(this.run)}/metrics`;
    for (let more = true; more;) {
      const page = await this.kf.rest.get<MetricPage>(path, { after: this.next });
      if (this.disposed || (page.next <= this.next && this._known)) {
        return;
      }
      this.take(page);
      more = page.more;
    }
  }

  private take(page: MetricPage): void {
    this._known = true;
    this.next = page.next;
    for (const { name, value, step } of page.points) {
      const known = this._series.get(name) ?? [];
      const count = this.counts.get(name) ?? 0;
      known.push({ series: name, x: step ?? count, y: Number(value) });
      this.counts.set(name, count + 1);
      this._series.set(name, known.length > 2 * MOST ? thin(known, MOST) : known);
    }
    this._version += 1;
    this.changed.emit();
  }

  private readonly fetching = new Paced(() => this.fetch(), EVERY_MS, mayPass);
  private readonly counts = new Map<string, number>();
  private readonly _series = new Map<string, IPoint[]>();
  private _known = false;
  private _version = 0;
  private disposed = false;
  private next = 0;
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
