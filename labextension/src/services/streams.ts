/**
 * Server-sent events, resumed where they stopped.
 *
 * A browser allows six connections to one server, and the rest of JupyterLab needs some: no more
 * than three streams are open at once. Who asks for a fourth waits until one is closed, and is
 * told so (`onWait`), so that it can fetch instead. A hidden tab holds none.
 */
import type { IDisposable } from '@lumino/disposable';
import type { IRest, Query } from './rest';
import { KfError } from './rest';

const MOST = 3;
const RETRY_MS = [500, 1_000, 2_000, 5_000];

export interface IStreamEvent {
  name: string;
  data: unknown;
}

export interface IStreamOptions {
  /** What is asked for; a function is asked when the stream begins, which may be later. */
  query?: Query | (() => Query);
  onEvent: (event: IStreamEvent) => void;
  /** The server refused for good: no such run, no permission. */
  onRefused?: (error: KfError) => void;
  /** All places are taken: nothing comes until one is free. */
  onWait?: () => void;
}

export interface IStreams {
  /** Opens a stream; dispose what is returned to close it. An event named `end` closes it too. */
  open(path: string, options: IStreamOptions): IDisposable;
}

export class Streams implements IStreams {
  constructor(private readonly rest: IRest) {}

  open(path: string, options: IStreamOptions): IDisposable {
    const stream = new Stream(this.rest, path, options, () => this.closed(stream));
    if (this.running.size < MOST) {
      this.running.add(stream);
      stream.start();
    } else {
      this.waiting.push(stream);
      options.onWait?.();
    }
    return stream;
  }

  private closed(stream: Stream): void {
    const queued = this.waiting.indexOf(stream);
    if (queued >= 0) {
      this.waiting.splice(queued, 1);
    }
    if (this.running.delete(stream)) {
      const next = this.waiting.shift();
      if (next) {
        this.running.add(next);
        next.start();
      }
    }
  }

  private readonly running = new Set<Stream>();
  private readonly waiting: Stream[] = [];
}

class Stream implements IDisposable {
  constructor(
    private readonly rest: IRest,
    private readonly path: string,
    private readonly options: IStreamOptions,
    private readonly onClosed: () => void
  ) {}

  get isDisposed(): boolean {
    return this.ended;
  }

  start(): void {
    document.addEventListener('visibilitychange', this.onVisibility);
    this.onVisibility();
  }

  dispose(): void {
    if (!this.ended) {
      this.finish();
      this.abort?.abort();
    }
  }

  /** Nothing more comes; the server, which said so, closes the connection. */
  private finish(): void {
    if (!this.ended) {
      this.ended = true;
      document.removeEventListener('visibilitychange', this.onVisibility);
      window.clearTimeout(this.timer);
      this.onClosed();
    }
  }

  private readonly onVisibility = (): void => {
    if (document.visibilityState === 'hidden') {
      window.clearTimeout(this.timer);
      this.abort?.abort();
      this.abort = null;
    } else if (!this.abort && !this.ended) {
      void this.connect();
    }
  };

  private async connect(): Promise<void> {
    const abort = (this.abort = new AbortController());
    try {
      await this.read(abort.signal);
    } catch (failure) {
      if (failure instanceof KfError && !failure.unreachable && failure.status < 500) {
        this.options.onRefused?.(failure);
        this.dispose();
      }
    }
    if (this.abort === abort && !this.ended) {
      const wait = RETRY_MS[Math.min(this.failures++, RETRY_MS.length - 1)];
      this.timer = window.setTimeout(() => void this.connect(), wait);
    }
  }

  private async read(signal: AbortSignal): Promise<void> {
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    if (this.last) {
      headers['Last-Event-ID'] = this.last;
    }
    const { query } = this.options;
    const answer = await this.rest.raw(
      this.path,
      { headers, signal },
      this.last ? {} : typeof query === 'function' ? query() : query
    );
    const { createParser } = await import(
      /* webpackChunkName: "sse" */ 'eventsource-parser'
    );
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    const parser = createParser({
      onEvent: message => {
        this.failures = 0;
        this.last = message.id ?? this.last;
        const event = {
          name: message.event ?? 'message',
          data: JSON.parse(message.data)
        };
        if (!this.ended) {
          this.options.onEvent(event);
        }
        if (event.name === 'end') {
          this.finish();
        }
      }
    });
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      parser.feed(value);
    }
  }

  private abort: AbortController | null = null;
  private ended = false;
  private failures = 0;
  private last: string | null = null;
  private timer = 0;
}
