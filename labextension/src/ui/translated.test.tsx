import * as React from 'react';
import { makeForm } from '../forms/page';
import type { Verb } from '../forms/verbs';
import { speak } from '../services/words';
import { makeChip } from '../shell/chip';
import { makePanel } from '../sidebar/panel';
import { row, trial, until } from '../testing/fakes';
import { marked, unmarked } from '../testing/marked';
import { Around, draw, type KfWidget } from '../testing/screen';
import type { Flag, Where } from '../wire';
import type { IContext } from './context';

jest.mock('./context', () => jest.requireActual('../testing/screen'));
jest.mock('@jupyterlab/apputils', () => ({}));
// The real one takes Jest half a minute to load; its icons say nothing.
jest.mock('@jupyterlab/ui-components', () => {
  class LabIcon {
    react = () => null;
  }
  const [caretDownIcon, caretRightIcon] = [new LabIcon(), new LabIcon()];
  return { LabIcon, caretDownIcon, caretRightIcon };
});

const at = { seq: 1, epoch: 'a' };
const where = { ...at, backend: 'local', namespace: '', store: '/s', version: '1' };
const runs = (['RUNNING', 'PENDING', 'SUCCEEDED', 'FAILED', 'LOST'] as const).map(
  (state, n) => row(`r-${n}`, { state, started_s: 5, ended_s: n > 1 ? 9 : null })
);
const serving = row('s-1', { kind: 'serve', state: 'READY' });
const things = [
  { name: 'n1', version: 2, versions: 2, created_s: 1, digest: 'd', note: {} }
];
const ANSWERS: Record<string, object> = {
  cells: { cell: null, problems: [] }, // asked for after a pause, which a busy machine may make
  runs: { rows: runs },
  studies: {
    rows: [
      {
        run: runs[2],
        name: 'r',
        metrics: ['m'],
        maximize: [true],
        trials: { FAILED: 1 },
        total: 3,
        best: [trial(1)]
      }
    ]
  },
  endpoints: {
    rows: [
      {
        name: 'e1',
        state: 'READY',
        version: 1,
        model: 'n1',
        versions: 1,
        run: serving,
        parity_ok: true
      }
    ]
  },
  resources: {
    backend: 'local',
    cpu: { capacity: 4, used_by_runs: 1, busy_share: null },
    memory: { capacity_bytes: 8e9, free_bytes: 6e9, used_by_runs_bytes: 1e9 },
    gpus: [],
    queue: { running: 1, waiting: 0, slots: null, waiting_runs: [] },
    quota: null
  }
};

function around(): Around {
  const by = new Around(path => {
    const told = ANSWERS[path] ?? { rows: things };
    const total = (told as { rows?: unknown[] }).rows?.length;
    return { ...at, total, counts: { RUNNING: 1 }, ...told };
  });
  Object.assign(by, { trans: marked });
  by.kf.where = { ...where, running: 1, serving: 1, waiting: 1 } as Where;
  return by;
}

/** What a widget's content says that no translation was asked for. */
async function untold(
  make: (context: IContext) => unknown,
  by: Around,
  after: (host: HTMLElement) => Promise<void> = async () => undefined
): Promise<string[]> {
  const widget = make(by as unknown as IContext) as KfWidget;
  const screen = await draw(widget.element as React.ReactElement, by);
  await after(screen.host);
  const found = unmarked(screen.host, KNOWN);
  screen.close();
  return found;
}

/** Names that the fakes give. */
const AGES = ['56 years ago', '56 yr. ago']; // said by Intl, in the browser's language
const KNOWN = [...AGES, 'r-0', 'r-1', 'r-2', 'r-3', 'r-4', 's-1', 'n1', 'e1', '/s'];

beforeAll(() => speak(marked));

it('the chip says nothing that is not translated', async () => {
  expect(await untold(makeChip, around())).toEqual([]);
  const lost = around();
  lost.kf.where = null;
  expect(await untold(makeChip, lost)).toEqual([]);
});

it('the panel with all its sections says nothing that is not translated', async () => {
  const open = async (host: HTMLElement) => {
    for (const button of host.querySelectorAll<HTMLElement>('h3 > button')) {
      if (button.getAttribute('aria-expanded') === 'false') {
        await React.act(async () => button.click());
      }
    }
    expect(host.querySelectorAll('[aria-expanded="false"]').length).toBe(0);
    const options = () => host.querySelectorAll('[role="option"]').length;
    await React.act(async () => until(() => options() >= 10));
  };
  const kept = { open: ['runs'], save: () => undefined };
  expect(await untold(context => makePanel(context, kept), around(), open)).toEqual([]);
});

const FLAG: Flag = {
  field: '',
  flag: '--x',
  short: null,
  shape: 'value',
  type: 'string',
  unit: null,
  help: '',
  default: null,
  required: false,
  choices: [],
  positional: false,
  plain: false
} as unknown as Flag;
const FIELDS: Record<string, Partial<Flag>> = {
  name: { required: true, positional: true },
  data: {},
  params: { shape: 'map', required: true, unit: '0.1' },
  metric: { shape: 'list', required: true },
  maximize: { shape: 'switch or list' },
  parallel: { type: 'integer', unit: '1 to 8' },
  sampler: { choices: ['1', '2'], default: '1' },
  memory: { unit: '2Gi' },
  combine: { shape: 'switch' },
  model: { required: true }
} as unknown as Record<string, Partial<Flag>>;

it.each(['train', 'tune', 'serve', 'batch'] as Verb[])(
  'the form of %s says nothing that is not translated',
  async verb => {
    const by = around();
    const flags = Object.entries(FIELDS).map(([field, more]) => ({
      ...FLAG,
      field,
      ...more
    }));
    const paper = { schema: {}, takes_code: verb === 'train', positional: [], flags };
    const answer = by.kf.rest.answer;
    by.kf.rest.answer = (path, query, init) =>
      path === 'schemas' ? { [verb]: paper } : answer(path, query, init);
    const keep = {
      load: async () => null,
      save: () => undefined,
      forget: () => undefined
    };
    const all = async (host: HTMLElement) => {
      expect(host.querySelectorAll('[data-field]').length).toBeGreaterThan(5);
      const insert = [...host.querySelectorAll('button')].find(one =>
        /Insert/.test(one.textContent ?? '')
      );
      await React.act(async () => insert!.click()); // says what is missing
    };
    expect(await untold(context => makeForm(context, verb, keep), by, all)).toEqual([]);
  }
);

it('a word that no translation was asked for is found', async () => {
  const by = around();
  const screen = await draw(
    <p title="plain">
      {marked.__('told')} and <code>code</code>
    </p>,
    by
  );
  expect(unmarked(screen.host, [])).toEqual(['p.: plain', 'p.: and']);
  screen.close();
});
