import * as React from 'react';
import { Around, draw } from '../testing/screen';
import { TryIt } from './tryit';

jest.mock('../ui/context', () => jest.requireActual('../testing/screen'));

/** The page after so many rows were asked of version 1. */
async function asked(count: number) {
  const predictions = Array.from({ length: count }, (_, at) => ({
    prediction: at * 10
  }));
  const around = new Around(() => ({
    text: async () => JSON.stringify({ predictions, took_s: 0.01 })
  }));
  const screen = await draw(<Switching />, around);
  await screen.click('Predict');
  return screen;
}

/** An endpoint whose version and state a test changes by buttons of its own. */
function Switching(): React.ReactElement {
  const [version, setVersion] = React.useState(1);
  const [ready, setReady] = React.useState(true);
  return (
    <>
      <TryIt
        name="high"
        columns={[]}
        {...{ ready, version }}
        onAnswer={() => undefined}
      />
      <button onClick={() => setVersion(2)}>switch</button>
      <button onClick={() => setReady(false)}>stop</button>
    </>
  );
}

/** The table of answers, as lines, after so many rows were asked. */
async function answered(count: number): Promise<string[][]> {
  const screen = await asked(count);
  const lines = [...screen.host.querySelectorAll('tr')].map(line =>
    [...line.children].map(cell => cell.textContent ?? '')
  );
  screen.close();
  return lines;
}

it('the answers of several rows have their numbers, as refusals count rows', async () => {
  expect(await answered(3)).toEqual([
    ['Row', 'prediction'],
    ['0', '0'],
    ['1', '10'],
    ['2', '20']
  ]);
});

it('the answer to one row needs none', async () => {
  expect(await answered(1)).toEqual([['prediction'], ['0']]);
});

it('an answer says which version gave it, when another has the traffic and when none has', async () => {
  const screen = await asked(1);
  const said = 'Answered by version 1 in 10 ms';
  for (const happens of ['switch', 'stop']) {
    await screen.click(happens);
    expect(screen.text()).toContain(said);
  }
  expect(screen.text()).toContain('It takes no traffic now.');
  screen.close();
});

it('what is asked in vain leads to the first field that is wrong, and says which are', async () => {
  const common = {
    nullable: false,
    categories: null,
    min: null,
    max: null,
    empty: null
  };
  const columns = ['a', 'b', 'c'].map(name => ({
    ...{ name, type: 'double', ...common },
    example: name === 'a' ? 1 : null
  }));
  const around = new Around();
  const screen = await draw(
    <TryIt
      {...{ name: 'high', columns, version: 1 }}
      ready
      onAnswer={() => undefined}
    />,
    around
  );
  expect(screen.text()).not.toContain('mended'); // nobody asked yet
  await screen.click('Predict');
  const [, b] = screen.host.querySelectorAll('input');
  expect(document.activeElement).toBe(b);
  expect(screen.text()).toContain('2 fields are to be mended: b, c');
  expect(around.kf.rest.asked).toEqual([]);
  screen.close();
});
