import { nullTranslator } from '@jupyterlab/translation';
import { noPlaceWords, workWords } from './where';

it('a refusal is told apart from a server that is not there', () => {
  const trans = nullTranslator.load('jupyter_kf');
  const said = (trouble: string | null, denied: boolean) =>
    noPlaceWords({ trouble, denied }, trans);
  expect([said(null, false), said('no answer', false), said('no', true)]).toEqual([
    'connecting…',
    'not connected',
    'not permitted'
  ]);
});

it.each([
  [0, 0, 0, 'idle'],
  [2, 0, 0, '2 running'],
  [0, 1, 0, '1 waiting'],
  [0, 0, 1, '1 serving'],
  [2, 1, 1, '2 running, 1 waiting, 1 serving']
])('says what %p running, %p waiting and %p serving do', (...told) => {
  const [running, waiting, serving, text] = told;
  const trans = nullTranslator.load('');
  expect(workWords({ running, waiting, serving }, trans)).toBe(text);
});
