import { grown } from './shares';

it.each([
  [
    [0.22, 0.56, 0.22],
    [0.22, 0.38, 0.4]
  ],
  [
    [0, 1, 0],
    [0, 0.6, 0.4]
  ],
  [
    [0.2, 0.3, 0.5],
    [0.2, 0.3, 0.5]
  ],
  [
    [0.4, 0.4, 0.2],
    [0.2, 0.4, 0.4]
  ]
])('%p becomes %p', (shares, made) =>
  grown(shares, 2, 0.4).forEach((share, part) => expect(share).toBeCloseTo(made[part]))
);
