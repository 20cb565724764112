import * as React from 'react';
import { study, trial } from '../testing/fakes';
import { Around, draw } from '../testing/screen';
import { ChosenTrial, usePromotion } from './promotion';

jest.mock('../ui/context', () => jest.requireActual('../testing/screen'));
jest.mock('../ui/page', () => ({
  ...jest.requireActual('../ui/action'),
  ThingLink: ({ id }: { id: string }) => <i>{id}</i>
}));

const REASON = `boom: ${'a long reason '.repeat(20)}of the third line`;
const told = study([
  trial(0, { model: 'sha256:1' }),
  trial(1, { state: 'FAILED', values: null, reason: REASON })
]);
told.run = { ...told.run, id: 'high-1', name: 'high' };
told.best = [told.trials[0]];

const NONE = {};

function Page(props: {
  at: number;
  before?: Record<string, string>;
}): React.ReactElement {
  const promotion = usePromotion(told, props.before ?? NONE);
  return (
    <ChosenTrial study={told} trial={told.trials[props.at]} promotion={promotion} />
  );
}

it('the whole reason of a trial that failed stands below the table, and that it left no model', async () => {
  const screen = await draw(<Page at={1} />, new Around());
  expect(screen.text()).toContain(`Failed: ${REASON}`);
  expect(screen.text()).toContain('did not complete');
  expect(screen.button('Promote trial 1')!.disabled).toBe(true);
  screen.close();
});

it('a trial is promoted where it was chosen, and not offered again', async () => {
  const model = { name: 'high', version: 2, notes: [] };
  const around = new Around(() => ({ model }));
  const screen = await draw(<Page at={0} />, around);
  await screen.click('Promote the best trial');
  await screen.click('Promote');
  expect(around.kf.rest.asked).toEqual(['POST studies/high-1/promote {"trial":0}']);
  expect(screen.text()).toContain('Trial 0 is model high@2');
  expect(screen.button('Promote the best trial')).toBeUndefined();
  screen.close();
});

it('a trial that was promoted before says which model it is', async () => {
  const screen = await draw(<Page at={0} before={{ 0: 'high@2' }} />, new Around());
  expect(screen.text()).toContain('Trial 0 is model high@2');
  screen.close();
});
