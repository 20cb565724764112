import { nullTranslator } from '@jupyterlab/translation';
import { speak } from '../services/words';
import {
  formatBytes,
  formatDuration,
  formatNumber,
  formatTime,
  toNumber
} from './format';
import { shortDigest } from './names';

describe('numbers as people read them', () => {
  it.each([
    [0.123456, '0.1235'],
    [1234567, '1,234,567'],
    [0, '0'],
    [1e-7, '1.00e-7'],
    ['NaN', 'NaN'],
    ['-Infinity', '-∞'],
    ['hello', 'hello']
  ])('%p is %p', (value, text) => expect(formatNumber(value)).toBe(text));

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_200, '1.2 kB'],
    [999_999, '1.0 MB'],
    [24_000_000_000, '24 GB'],
    [null, '–']
  ])('%p bytes are %p', (value, text) => expect(formatBytes(value)).toBe(text));

  it.each([
    [0, '0 s'],
    [0.0003, '300 µs'],
    [0.0009999, '1 ms'],
    [1e-9, '1 µs'],
    [0.05, '50 ms'],
    [0.42, '0.4 s'],
    [12.4, '12 s'],
    [59.9, '0 min 59 s'],
    [185, '3 min 5 s'],
    [7_200, '2 h'],
    [100_000, '27 h 46 min'],
    [undefined, '–']
  ])('%p seconds are %p', (value, text) => expect(formatDuration(value)).toBe(text));

  it('reads the texts that stand for numbers', () => {
    expect([toNumber('Infinity'), toNumber(null), toNumber(1)]).toEqual([
      Infinity,
      NaN,
      1
    ]);
  });

  it('shortens a digest', () => {
    expect(shortDigest(`sha256:${'ab'.repeat(32)}`)).toBe('abababababab');
  });
});

describe('units in another language', () => {
  afterEach(() => speak(nullTranslator.load('jupyter_kf')));

  it('are where that language has them', () => {
    const german: Record<string, string> = {
      '%1 min %2 s': '%1 Min. %2 Sek.',
      '%1 MB': '%1 Mo'
    };
    const fill = (text: string, ...args: unknown[]) =>
      args.reduce<string>(
        (told, one, at) => told.replace(`%${at + 1}`, String(one)),
        text
      );
    speak({
      ...nullTranslator.load('jupyter_kf'),
      __: (text: string, ...args: unknown[]) => fill(german[text] ?? text, ...args)
    });
    expect([formatDuration(185), formatBytes(3.4e6)]).toEqual([
      '3 Min. 5 Sek.',
      '3.4 Mo'
    ]);
  });
});

it('a whole number is said with all its digits, also one that JavaScript has not', () => {
  expect(formatNumber(1234567890123456)).toBe('1,234,567,890,123,456');
  expect(formatNumber('9007199254740993')).toBe('9,007,199,254,740,993');
  expect(formatNumber(1e20)).toBe('1.00e+20');
});

describe('a time', () => {
  const at = new Date(new Date().getFullYear(), 10, 28, 5, 31).getTime() / 1000;
  afterEach(() => document.documentElement.removeAttribute('lang'));

  it('has day, short month and time, as the page’s language writes them', () => {
    expect(formatTime(at)).toMatch(/^Nov 28, 05:31\sAM$/);
    document.documentElement.lang = 'de';
    expect(formatTime(at)).toMatch(/^28\. Nov\.,? 05:31$/);
  });

  it('has its year when that is another', () => {
    expect(formatTime(0)).toContain(String(new Date(0).getFullYear()));
    expect(formatTime(null)).toBe('–');
  });
});
