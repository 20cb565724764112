/** Requests to the server extension: JSON in, JSON out, errors with code, cause and fix. */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { At, Problem } from '../wire';
import { parse, write } from './json';
import { words } from './words';

const BASE = 'jupyter-kf/api/v1';
/** What a proxy or a hub answers in place of a server that is not there. */
const PROXYS: ReadonlySet<number> = new Set([424, 502, 503, 504]);

export type Query = Record<string, string | number | boolean | string[] | undefined>;

/** An error of the server's, or of the way there. */
export class KfError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem
  ) {
    super(problem.message);
    this.name = 'KfError';
  }

  /** The server did not answer, in contrast to an answer of its own, whatever it says. */
  get unreachable(): boolean {
    const ours = this.problem.code.startsWith('kf-');
    return this.status === 0 || (PROXYS.has(this.status) && !ours);
  }
}

export interface IRest {
  get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T>;
  post<T>(
    path: string,
    body?: unknown,
    query?: Query,
    signal?: AbortSignal
  ): Promise<T>;
  remove<T>(path: string): Promise<T>;
  /** The raw answer: for ranges, streams and downloads. Throws KfError unless it is a success. */
  raw(path: string, init?: RequestInit, query?: Query): Promise<Response>;
  /** An address for a link, such as a download. */
  url(path: string, query?: Query): string;
}

/** Whether it may be another answer soon: the server failed, and did not refuse. */
export function mayPass(failure: unknown): boolean {
  return failure instanceof KfError && !failure.unreachable && failure.status >= 500;
}

/** One id, name or reference as a part of a path. */
export function part(text: string): string {
  return encodeURIComponent(text);
}

export class Rest implements IRest {
  /**
   * @param settings - of JupyterLab's connection to its server.
   * @param onLost - called when a request found that the server does not answer.
   * @param onRead - called with the number of each answer that has one.
   * @param onDenied - called when something was to be done that this user may not do.
   */
  constructor(
    private readonly settings: ServerConnection.ISettings,
    private readonly onLost: () => void = () => undefined,
    private readonly onRead: (at: At) => void = () => undefined,
    private readonly onDenied: () => void = () => undefined
  ) {}

  url(path: string, query: Query = {}): string {
    const words = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one !== undefined && one !== '') {
          words.append(name, String(one));
        }
      }
    }
    const tail = words.toString();
    return URLExt.join(this.settings.baseUrl, BASE, path) + (tail && `?${tail}`);
  }

  async raw(
    path: string,
    init: RequestInit = {},
    query: Query = {}
  ): Promise<Response> {
    let answer: Response;
    try {
      answer = await ServerConnection.makeRequest(
        this.url(path, query),
        { ...init, cache: 'no-store' },
        this.settings
      );
    } catch (failure) {
      if ((failure as Error).name === 'AbortError' || init.signal?.aborted) {
        throw failure;
      }
      throw this.told(new KfError(0, unreachable(init.method)));
    }
    if (!answer.ok) {
      if (answer.status === 403 && init.method) {
        this.onDenied();
      }
      throw this.told(new KfError(answer.status, await problemOf(answer)));
    }
    return answer;
  }

  private told(error: KfError): KfError {
    if (error.unreachable) {
      this.onLost();
    }
    return error;
  }

  async get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
    const told = parse<Partial<At>>(
      await (await this.raw(path, { signal }, query)).text()
    );
    if (typeof told?.seq === 'number' && typeof told.epoch === 'string') {
      this.onRead(told as At);
    }
    return told as T;
  }

  async post<T>(
    path: string,
    body: unknown = {},
    query: Query = {},
    signal?: AbortSignal
  ): Promise<T> {
    const init = { method: 'POST', body: write(body), signal };
    return json<T>(await this.raw(path, init, query));
  }

  async remove<T>(path: string): Promise<T> {
    return json<T>(await this.raw(path, { method: 'DELETE' }));
  }
}

async function json<T>(answer: Response): Promise<T> {
  const text = await answer.text();
  return text ? parse<T>(text) : (null as T);
}

function unreachable(method = 'GET'): Problem {
  const trans = words();
  return {
    code: 'kf-0000',
    message: trans.__('the Jupyter server does not answer'),
    cause: trans.__('it was stopped or restarts, or the network is down'),
    fix:
      method === 'GET'
        ? trans.__('what runs goes on; this page tries again by itself')
        : trans.__('what runs goes on; do it again when the server answers')
  };
}

/** The server's own words, or what can be said of an answer that has none. */
async function problemOf(answer: Response): Promise<Problem> {
  try {
    const told = await answer.json();
    if (typeof told?.code === 'string' && typeof told?.message === 'string') {
      return { cause: '', fix: '', ...told };
    }
    if (typeof told?.message === 'string' && told.message) {
      return plain(answer, told.message);
    }
  } catch {
    // Not JSON: a proxy's page.
  }
  return plain(answer, answer.statusText || words().__('no reason given'));
}

function plain(answer: Response, cause: string): Problem {
  const missing = answer.status === 404;
  const trans = words();
  return {
    code: `http-${answer.status}`,
    message: trans.__('the server answered %1', answer.status),
    cause: missing ? trans.__('it has no such route, or no such thing') : cause,
    fix: missing
      ? trans.__('see that jupyter-kf is enabled: %1', 'jupyter server extension list')
      : ''
  };
}
