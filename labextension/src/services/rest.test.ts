import { ServerConnection } from '@jupyterlab/services';
import { type KfError, part, Rest } from './rest';

function rest(answer: () => Response | Promise<Response>): {
  rest: Rest;
  asked: Request[];
  lost: () => number;
  denied: () => number;
} {
  const asked: Request[] = [];
  let [lost, denied] = [0, 0];
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://127.0.0.1:1/hub/user/a/',
    fetch: async request => {
      asked.push(request as Request);
      return answer();
    }
  });
  const made = new Rest(
    settings,
    () => (lost += 1),
    () => undefined,
    () => (denied += 1)
  );
  return { rest: made, asked, lost: () => lost, denied: () => denied };
}

const json = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), { status, statusText: 'told' });

async function failure(work: Promise<unknown>): Promise<KfError> {
  return work.then(
    () => {
      throw new Error('it did not fail');
    },
    error => error as KfError
  );
}

describe('requests', () => {
  it('go below the base of the server, with words that were given', () => {
    const { rest: made } = rest(() => json(200, {}));
    const url = made.url(`runs/${part('a/b c')}`, {
      search: 'x&y',
      kind: '',
      run: ['1', '2']
    });
    expect(url).toBe(
      'http://127.0.0.1:1/hub/user/a/jupyter-kf/api/v1/runs/a%2Fb%20c?search=x%26y&run=1&run=2'
    );
  });

  it('carry the server’s own words when it says no', async () => {
    const told = {
      code: 'kf-2060',
      message: 'not allowed',
      cause: 'no role',
      fix: 'ask'
    };
    const { problem, status, unreachable } = await failure(
      rest(() => json(403, told)).rest.get('runs')
    );
    expect([status, problem, unreachable]).toEqual([403, told, false]);
  });

  it('tell when something was not permitted to be done, and of a look not', async () => {
    const told = rest(() => json(403, {}));
    await failure(told.rest.get('runs')); // each event may ask for it
    expect(told.denied()).toBe(0);
    await failure(told.rest.post('runs/a/cancel'));
    await failure(told.rest.remove('runs/a'));
    expect([told.denied(), told.lost()]).toEqual([2, 0]);
  });

  it('say what can be said when the answer is a proxy’s page', async () => {
    const page = new Response('<html>', { status: 502, statusText: 'Bad Gateway' });
    const { problem, unreachable } = await failure(rest(() => page).rest.get('runs'));
    expect([problem.code, problem.cause, unreachable]).toEqual([
      'http-502',
      'Bad Gateway',
      true
    ]);
  });

  it('tell apart a server that does not answer', async () => {
    const { rest: made } = rest(() => {
      throw new TypeError('failed to fetch');
    });
    const error = await failure(made.get('where'));
    expect([error.unreachable, error.problem.code]).toEqual([true, 'kf-0000']);
  });

  it('tell apart an endpoint that hangs, of which the server itself says so', async () => {
    const told = { code: 'kf-2210', message: 'no answer', cause: '', fix: '' };
    const { rest: made, lost } = rest(() => json(504, told));
    const error = await failure(made.get('endpoints/slow/proxy/v2'));
    expect([error.status, error.unreachable, lost()]).toEqual([504, false, 0]);
  });

  it('say that the server is lost, and what to do about what was asked', async () => {
    const { rest: made, lost } = rest(() => {
      throw new TypeError('failed to fetch');
    });
    expect((await failure(made.get('runs'))).problem.fix).toContain('by itself');
    expect((await failure(made.post('train'))).problem.fix).toContain('do it again');
    expect(lost()).toBe(2);
    const hub = rest(() => new Response('<html>', { status: 503, statusText: 'gone' }));
    expect((await failure(hub.rest.get('runs'))).unreachable).toBe(true);
    expect(hub.lost()).toBe(1);
    const refusing = rest(() => json(403, { message: 'no' }));
    await failure(refusing.rest.get('runs'));
    expect(refusing.lost()).toBe(0);
  });

  it('can be left while they wait, and that is no failure of the server', async () => {
    const abort = new AbortController();
    const { rest: made, asked } = rest(
      () => new Promise((_, no) => abort.signal.addEventListener('abort', no))
    );
    const left = made.post('endpoints/slow/predict', {}, {}, abort.signal);
    await Promise.resolve();
    abort.abort();
    await expect(left).rejects.not.toHaveProperty('problem');
    expect(asked[0].signal.aborted).toBe(true);
  });

  it('take an empty answer as null', async () => {
    const { rest: made } = rest(() => new Response(null, { status: 204 }));
    expect(await made.remove('runs/a')).toBeNull();
  });
});
