/**
 * A window on a log of any size: some thousand lines are held, the rest is fetched when wanted.
 *
 * Offsets are bytes of the file. New lines come by a stream and push out the oldest; scrolling
 * up or searching fetches earlier ranges and pushes out the newest.
 */
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { IKubeflow } from '../tokens';
import type { LogLines } from '../wire';
import { bytesOf, linesOf, search, someLines, split, wholeLines } from './lines';
import { KfError, part, type Query } from './rest';
import { ENDED } from './validate';

export interface ILogLimits {
  /** Most lines held. */
  lines: number;
  /** Bytes fetched at once. */
  chunk: number;
  /** Bytes before the end at which following begins. */
  tail: number;
}

const LIMITS: ILogLimits = { lines: 20_000, chunk: 1 << 20, tail: 65_536 };
/** While all places for streams are taken, what is new is fetched so often. */
const WAIT_MS = 2_000;

/** Where a search ended: at a line, nowhere, or before its end (another began, or a failure). */
export type Found = number | 'none' | 'stopped';

export class LogWindow {
  constructor(
    private readonly kf: IKubeflow,
    private readonly run: string,
    private readonly limits: ILogLimits = LIMITS
  ) {
    kf.stale.connect(this.onStale, this);
  }

  readonly changed = new Signal<this, void>(this);
  lines: string[] = [];
  /** Why nothing comes; null when all is well. */
  error: KfError | null = null;
  /** The run has ended and all of its log was sent. */
  ended = false;
  /** Bytes searched so far while a search runs. */
  searched: number | null = null;

  get following(): boolean {
    return this.stream !== null;
  }

  /** Whether there are lines before the first one held. */
  get hasEarlier(): boolean {
    return this.start > 0;
  }

  get hasLater(): boolean {
    return this.end < this.size;
  }

  /** Shows the end and what comes. */
  follow(): void {
    this.stopSearch();
    this.pause();
    if (this.lines.length === 0 || this.hasLater) {
      this.clear();
    }
    this.error = null;
    const turn = this.turn;
    this.stream = this.kf.streams.open(`runs/${part(this.run)}/log/stream`, {
      query: () => this.begin(),
      onEvent: ({ name, data }) => {
        if (name === 'lines') {
          this.append(data as LogLines);
        } else if (name === 'end') {
          this.ended = true;
          this.stream = null;
          this.changed.emit();
        }
      },
      onRefused: error => this.fail(error),
      onWait: () => {
        this.queued = true;
        void this.wait(turn);
      }
    });
    this.changed.emit();
  }

  /** Nothing more comes until `follow`. */
  pause(): void {
    this.leave();
    this.changed.emit();
  }

  dispose(): void {
    this.stopSearch();
    this.abort.abort();
    this.leave();
    this.kf.stale.disconnect(this.onStale, this);
    Signal.clearData(this);
  }

  /** Fetches lines before the first; how many came. */
  async earlier(): Promise<number> {
    const { start } = this;
    if (start === 0 || this.busy) {
      return 0;
    }
    const from = Math.max(0, start - this.limits.chunk / 8);
    const got = await this.range(from, start);
    if (!got || this.start !== start) {
      return 0; // the window has moved on: these lines are not those before its first
    }
    const { cut } = someLines(got.bytes, from > 0, false);
    const lines = split(got.bytes.subarray(cut));
    this.lines = [...lines, ...this.lines];
    this.start = from + cut;
    this.dropLast();
    this.changed.emit();
    return lines.length;
  }

  /** Fetches lines after the last, when the window does not reach the end. */
  async later(): Promise<void> {
    if (!this.hasLater || this.busy || this.following) {
      return;
    }
    const { end, turn } = this;
    const to = Math.min(this.size, end + this.limits.chunk / 8);
    const got = await this.range(end, to);
    if (got && this.end === end && this.turn === turn) {
      const { upTo } = someLines(got.bytes, false, to < this.size);
      this.take(split(got.bytes.subarray(0, upTo)), end + upTo);
      this.changed.emit();
    }
  }

  /**
   * The next line with this text, before or after a line of the window.
   *
   * What is held is searched first, then the file, chunk by chunk; the window moves to what was
   * found. Case is ignored.
   */
  async find(text: string, from: number, step: 1 | -1): Promise<Found> {
    this.stopSearch();
    const wanted = text.toLowerCase();
    const here = search(this.lines, wanted, from, step);
    if (here !== null || !wanted) {
      return wanted && here !== null ? here : 'stopped';
    }
    const mine = (this.search = new AbortController());
    let [low, high] = [this.start, this.end];
    let done = 0;
    while (step < 0 ? low > 0 : high < this.size) {
      const a = step < 0 ? Math.max(0, low - this.limits.chunk) : high;
      const b = step < 0 ? low : Math.min(this.size, high + this.limits.chunk);
      const got = await this.range(a, b, mine.signal);
      if (!got || mine.signal.aborted) {
        if (this.search === mine) {
          this.stopSearch();
          this.changed.emit();
        }
        return 'stopped';
      }
      const { cut, upTo } = someLines(
        got.bytes,
        step < 0 && a > 0,
        b < this.size && step > 0
      );
      const lines = split(got.bytes.subarray(cut, upTo));
      const at = search(lines, wanted, step < 0 ? lines.length - 1 : 0, step);
      if (at !== null) {
        this.moveTo(lines, a + cut, a + upTo);
        this.searched = null;
        this.changed.emit();
        return at;
      }
      low = step < 0 ? a + cut : low;
      high = step > 0 ? a + upTo : high;
      done += b - a;
      this.searched = done;
      this.changed.emit();
    }
    this.searched = null;
    this.changed.emit();
    return 'none';
  }

  stopSearch(): void {
    this.search?.abort();
    this.search = null;
    this.searched = null;
  }

  /** Where the stream begins, now that it has a place. */
  private begin(): Query {
    this.queued = false;
    window.clearTimeout(this.waiting);
    return this.lines.length ? { offset: this.end } : { tail: this.limits.tail };
  }

  /** Leaves the stream or its place in the queue; what was asked for it comes too late. */
  private leave(): void {
    this.turn += 1;
    this.queued = false;
    window.clearTimeout(this.waiting);
    const stream = this.stream;
    this.stream = null;
    stream?.dispose();
  }

  private moveTo(lines: string[], start: number, end: number): void {
    this.leave();
    [this.lines, this.start, this.end] = [lines, start, end];
  }

  /** A piece of the log; of one that is here in part, the rest. */
  private append({ text, offset, begin }: LogLines): void {
    this.error = null;
    this.size = Math.max(this.size, offset);
    const known = this.lines.length ? this.end - begin : 0;
    if (this.lines.length === 0) {
      this.start = begin;
    }
    if (known <= 0) {
      this.take(linesOf(text), offset);
    } else if (offset > this.end) {
      this.take(split(new TextEncoder().encode(text).subarray(known)), offset);
    }
    this.changed.emit();
  }

  /** Lines at the end of the window; the first ones go when there are too many. */
  private take(lines: string[], end: number): void {
    this.lines = this.lines.concat(lines);
    this.end = end;
    const extra = this.lines.length - this.limits.lines;
    if (extra > 0) {
      this.start += bytesOf(this.lines.splice(0, extra));
    }
  }

  private dropLast(): void {
    const extra = this.lines.length - this.limits.lines;
    if (extra > 0) {
      this.pause();
      this.end -= bytesOf(this.lines.splice(this.limits.lines, extra));
    }
  }

  /** All places for streams are taken: what is new is fetched, again and again. */
  private async wait(turn: number): Promise<void> {
    const seen = document.visibilityState !== 'hidden';
    const ended = ENDED.has(this.kf.runs.get(this.run)?.state ?? 'RUNNING');
    const full = seen && (await this.more(turn, ended));
    if (turn !== this.turn || !this.queued) {
      return;
    }
    if (seen && ended && !full && !this.error) {
      this.ended = true;
      this.pause();
      return;
    }
    this.waiting = window.setTimeout(() => void this.wait(turn), full ? 0 : WAIT_MS);
  }

  /** Fetches what comes next; whether there may be more at once. */
  private async more(turn: number, ended: boolean): Promise<boolean> {
    const { end } = this;
    const first = this.lines.length === 0;
    const got = await (first
      ? this.range(-this.limits.tail, 0)
      : this.range(end, end + this.limits.chunk));
    if (!got || turn !== this.turn || this.end !== end) {
      return false;
    }
    const full = !first && got.bytes.length === this.limits.chunk;
    const lines = full ? someLines : wholeLines;
    const { cut, upTo } = lines(got.bytes, first && got.from > 0, full || !ended);
    if (cut === upTo) {
      return false; // half a line, so far
    }
    if (first) {
      this.start = got.from + cut;
    }
    this.take(split(got.bytes.subarray(cut, upTo)), got.from + upTo);
    this.error = null;
    this.changed.emit();
    return full;
  }

  /** Bytes [from, to) of the file; a negative `from` counts from its end. */
  private async range(
    from: number,
    to: number,
    signal: AbortSignal = this.abort.signal
  ): Promise<{ bytes: Uint8Array; from: number } | null> {
    this.asked += 1;
    try {
      const words = from < 0 ? `bytes=${from}` : `bytes=${from}-${to - 1}`;
      const path = `runs/${part(this.run)}/log`;
      const answer = await this.kf.rest.raw(path, {
        headers: { Range: words },
        signal
      });
      const bytes = new Uint8Array(await answer.arrayBuffer());
      const told = /bytes (\d+)-\d+\/(\d+)/.exec(
        answer.headers.get('Content-Range') ?? ''
      );
      this.size = Math.max(this.size, told ? Number(told[2]) : bytes.length);
      return { bytes, from: told ? Number(told[1]) : 0 };
    } catch (failure) {
      const empty = failure instanceof KfError && failure.status === 416;
      if (failure instanceof KfError && !empty) {
        this.fail(failure);
      }
      return null;
    } finally {
      this.asked -= 1;
    }
  }

  /** Says what is wrong; the place of a stream goes to who waits for one. */
  private fail(error: KfError): void {
    this.error = error;
    if (error.unreachable) {
      this.changed.emit(); // a stream connects again by itself
    } else {
      this.pause();
    }
  }

  /** The server answers again. */
  private onStale(): void {
    if (this.error?.unreachable) {
      this.error = null;
      this.changed.emit();
    }
  }

  private clear(): void {
    this.lines = [];
    this.start = this.end = 0;
    this.ended = false;
  }

  private get busy(): boolean {
    return this.asked > 0;
  }

  private readonly abort = new AbortController();
  private asked = 0;
  private end = 0;
  private queued = false;
  private search: AbortController | null = null;
  private size = 0;
  private start = 0;
  private stream: IDisposable | null = null;
  private turn = 0;
  private waiting = 0;
}
