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
import { KfError, part } from './rest';

export interface ILogLimits {
  /** Most lines held. */
  lines: number;
  /** Bytes fetched at once. */
  chunk: number;
  /** Bytes before the end at which following begins. */
  tail: number;
}

const LIMITS: ILogLimits = { lines: 20_000, chunk: 1 << 20, tail: 65_536 };
const NEWLINE = 10;

export class LogWindow {
  constructor(
    private readonly kf: IKubeflow,
    private readonly run: string,
    private readonly limits: ILogLimits = LIMITS
  ) {}

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
    this.pause();
    const beginning = this.lines.length === 0 || this.hasLater;
    if (beginning) {
      this.clear();
    }
    const query = beginning ? { tail: this.limits.tail } : { offset: this.end };
    this.stream = this.kf.streams.open(`runs/${part(this.run)}/log/stream`, {
      query,
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
      onWait: () => void this.once()
    });
    this.changed.emit();
  }

  /** Nothing more comes until `follow`. */
  pause(): void {
    const stream = this.stream;
    this.stream = null;
    stream?.dispose();
    this.changed.emit();
  }

  dispose(): void {
    this.abort.abort();
    this.stream?.dispose();
    Signal.clearData(this);
  }

  /** Fetches lines before the first; how many came. */
  async earlier(): Promise<number> {
    if (this.start === 0 || this.busy) {
      return 0;
    }
    const from = Math.max(0, this.start - this.limits.chunk / 8);
    const got = await this.range(from, this.start);
    if (!got) {
      return 0;
    }
    const cut = from === 0 ? 0 : afterNewline(got.bytes);
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
    const to = Math.min(this.size, this.end + this.limits.chunk / 8);
    const got = await this.range(this.end, to);
    if (got) {
      const upTo = to >= this.size ? got.bytes.length : lastNewline(got.bytes);
      this.take(split(got.bytes.subarray(0, upTo)), this.end + upTo);
      this.changed.emit();
    }
  }

  /**
   * The next line with this text, before or after a line of the window.
   *
   * What is held is searched first, then the file, chunk by chunk; the window moves to what was
   * found. Case is ignored. Null when there is none, or when a newer search began.
   */
  async find(text: string, from: number, step: 1 | -1): Promise<number | null> {
    this.stopSearch();
    const wanted = text.toLowerCase();
    const here = this.seek(wanted, from, step);
    if (here !== null || !wanted) {
      return wanted ? here : null;
    }
    const mine = (this.search = new AbortController());
    let [low, high] = [this.start, this.end];
    let done = 0;
    while (!mine.signal.aborted && (step < 0 ? low > 0 : high < this.size)) {
      const a = step < 0 ? Math.max(0, low - this.limits.chunk) : high;
      const b = step < 0 ? low : Math.min(this.size, high + this.limits.chunk);
      const got = await this.range(a, b, mine.signal);
      if (!got) {
        break;
      }
      const cut = a === 0 || step > 0 ? 0 : afterNewline(got.bytes);
      const upTo =
        step < 0 || b >= this.size ? got.bytes.length : lastNewline(got.bytes);
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
      if (cut >= got.bytes.length || upTo === 0) {
        break; // a line longer than a chunk
      }
    }
    this.searched = null;
    this.changed.emit();
    return null;
  }

  stopSearch(): void {
    this.search?.abort();
    this.search = null;
    this.searched = null;
  }

  private seek(wanted: string, from: number, step: 1 | -1): number | null {
    return search(this.lines, wanted, from, step);
  }

  private moveTo(lines: string[], start: number, end: number): void {
    this.pause();
    [this.lines, this.start, this.end] = [lines, start, end];
  }

  private append({ text, offset }: LogLines): void {
    const lines = text.replace(/\n$/, '').split('\n');
    if (this.lines.length === 0) {
      this.start = offset - new TextEncoder().encode(text).length;
    }
    this.size = Math.max(this.size, offset);
    this.take(lines, offset);
    this.error = null;
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

  /** All places for streams are taken: the end of the log as it is now. */
  private async once(): Promise<void> {
    const got = await this.range(-this.limits.tail, 0);
    if (got && this.lines.length === 0) {
      const cut = got.from === 0 ? 0 : afterNewline(got.bytes);
      this.start = got.from + cut;
      this.take(split(got.bytes.subarray(cut)), got.from + got.bytes.length);
      this.changed.emit();
    }
  }

  /** Bytes [from, to) of the file; a negative `from` counts from its end. */
  private async range(
    from: number,
    to: number,
    signal: AbortSignal = this.abort.signal
  ): Promise<{ bytes: Uint8Array; from: number } | null> {
    this.busy = true;
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
      this.busy = false;
    }
  }

  private fail(error: KfError): void {
    this.error = error;
    this.stream = null;
    this.changed.emit();
  }

  private clear(): void {
    this.lines = [];
    this.start = this.end = 0;
    this.ended = false;
  }

  private readonly abort = new AbortController();
  private busy = false;
  private end = 0;
  private search: AbortController | null = null;
  private size = 0;
  private start = 0;
  private stream: IDisposable | null = null;
}

function search(
  lines: readonly string[],
  wanted: string,
  from: number,
  step: 1 | -1
): number | null {
  for (let index = from; index >= 0 && index < lines.length; index += step) {
    if (lines[index].toLowerCase().includes(wanted)) {
      return index;
    }
  }
  return null;
}

function split(bytes: Uint8Array): string[] {
  const text = new TextDecoder().decode(bytes);
  return text ? text.replace(/\n$/, '').split('\n') : [];
}

function bytesOf(lines: readonly string[]): number {
  return new TextEncoder().encode(lines.join('\n')).length + 1;
}

function afterNewline(bytes: Uint8Array): number {
  const at = bytes.indexOf(NEWLINE);
  return at < 0 ? bytes.length : at + 1;
}

function lastNewline(bytes: Uint8Array): number {
  return bytes.lastIndexOf(NEWLINE) + 1;
}
