import { parse, whole, write } from './json';

it('a whole number that JavaScript has not is read as its digits', () => {
  expect(
    parse(
      '{"id": 9007199254740993, "low": -12345678901234567890, "n": [1, 9007199254740991]}'
    )
  ).toEqual({
    id: '9007199254740993',
    low: '-12345678901234567890',
    n: [1, 9007199254740991]
  });
});

it('everything else is read as ever', () => {
  const text = JSON.stringify({
    small: 0.1234567890123456,
    large: 1.5e300,
    said: 'id 9007199254740993, "9007199254740993" \\ 9007199254740993',
    '9007199254740993': null,
    on: [true, false, {}, []]
  });
  expect(parse(text)).toEqual(JSON.parse(text));
  expect(parse(`[${text}, 9007199254740993, 1e21]`)).toEqual([
    JSON.parse(text),
    '9007199254740993',
    1e21
  ]);
});

it('a bigint is written as a number, and a text that looks like one as a text', () => {
  expect(write([2n ** 53n + 1n, -5n, 0.5, '9007199254740993', null])).toBe(
    '[9007199254740993,-5,0.5,"9007199254740993",null]'
  );
  expect(write({ a: 1n }, 1)).toBe('{\n "a": 1\n}');
});

it('a whole number is typed with as many digits as it takes', () => {
  expect(['3', '+4', '-9007199254740993', '1.5', '', '1e3'].map(whole)).toEqual([
    ...[3, 4, -9007199254740993n, undefined, undefined, undefined]
  ]);
});
