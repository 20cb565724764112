import { Widget } from '@lumino/widgets';
import { MIME } from './reference';
import { RunOutput } from './renderer';

const mockMade: string[] = [];
jest.mock('./output', () => ({
  makeOutput: (_: unknown, { id }: { id: string }) => {
    mockMade.push(id);
    return new (jest.requireActual('@lumino/widgets').Widget)();
  }
}));

const told = (id: string) => ({ data: { [MIME]: { id, name: 'a' } } }) as never;
const shown = (output: RunOutput) => [...(output.layout as Iterable<Widget>)].length;

beforeEach(() => (mockMade.length = 0));

it('an output shows its run, once', async () => {
  const output = new RunOutput({} as never);
  await output.renderModel(told('a'));
  await output.renderModel(told('a'));
  expect([mockMade, shown(output)]).toEqual([['a'], 1]);
});

it('an output that is cleared while its code is loaded shows nothing', async () => {
  const output = new RunOutput({} as never);
  const rendered = output.renderModel(told('a'));
  output.dispose();
  await rendered;
  expect(mockMade).toEqual([]);
});

it('an output that is given another run while its code is loaded shows the last', async () => {
  const output = new RunOutput({} as never);
  const first = output.renderModel(told('a'));
  await Promise.all([output.renderModel(told('b')), first]);
  expect([mockMade, shown(output)]).toEqual([['b'], 1]);
});
