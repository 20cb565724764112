import { nullTranslator } from '@jupyterlab/translation';
import { placeOf, valueOf } from './labels';

const trans = nullTranslator.load('jupyter_kf');
const said = (value: unknown, field = 'x') => valueOf(field, value, trans);

it('a value is written as people write it, never as JSON', () => {
  expect(said(0.25)).toBe('0.25');
  expect(said(['auc', 'loss'])).toBe('auc, loss');
  expect(said({ A: '1', B: [1, true] })).toBe('A=1, B=1, yes');
  expect([said(true), said(null), said({}), said([])]).toEqual(['yes', '', '', '']);
});

it('an allowed difference of nothing is equality', () => {
  expect(said(0, 'ulp')).toBe('none: equal to the bit');
  expect(said(256, 'ulp')).toBe('256 units in the last place');
});

it('the local back end is this machine', () => {
  expect([placeOf('local', trans), placeOf('kube', trans)]).toEqual([
    ...['this machine', 'kube']
  ]);
});
