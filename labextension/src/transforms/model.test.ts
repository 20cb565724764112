import { nullTranslator } from '@jupyterlab/translation';
import { readOf, verdict } from './model';

const trans = nullTranslator.load('jupyter_kf');

it('a good certificate says what was proven', () => {
  const told = verdict({ ok: true, rows: 66, ulp: 0, row_wise: true }, trans);
  expect(told.ok).toBe(true);
  expect(told.says[0]).toBe(
    '66 golden rows came out equal to the bit in a fresh process.'
  );
});

it('a bad one says on what it depends, and what differed', () => {
  const finding = { replay: 'elsewhere', column: 'x', row: 3, expected: 1, got: 2 };
  const told = verdict(
    { ok: false, row_wise: false, depends_on: ['the time zone'], findings: [finding] },
    trans
  );
  expect(told.says[0]).toBe('It computes other values in another process.');
  expect(told.says).toContain('It depends on the time zone.');
  expect(told.findings).toEqual([
    { replay: 'elsewhere', column: 'x', row: '3', expected: '1', got: '2' }
  ]);
});

it('a warning is a text, or an object with its why', () => {
  const told = verdict({ warnings: ['a', { why: 'b' }] }, trans);
  expect(told.warnings).toEqual(['a', 'b']);
});

it('a column is read, or not, or it is not known', () => {
  const told = (certificate: Record<string, unknown>) =>
    ['a', 'b', 'c'].map(readOf(certificate, trans));
  expect(told({ unread: ['b'], unknown: ['c'] })).toEqual(['yes', 'no', 'not known']);
  expect(told({})).toEqual(['not known', 'not known', 'not known']);
});
