/** Round values along an axis, and words for them of which no two are alike. Pure. */

export interface ITicks {
  values: number[];
  words: (value: number) => string;
  /** Letters of the longest word: what room they need. */
  letters: number;
}

/**
 * An axis ends here: a scale from the least to the largest number would be wider than a number can
 * say. What lies beyond is drawn at its end.
 */
const FARTHEST = 1e307;
/** No step is smaller: below, numbers lose their digits. */
const SMALLEST = 1e-300;

/**
 * At most about so many values within the ends; `around` goes one further where an end is none.
 *
 * Whole numbers only for what is counted: there is no step or trial 2.5. All are finite, whatever
 * the ends are; with `around` there are two at least, so that they are a scale.
 */
export function ticks(
  low: number,
  high: number,
  options: { most: number; whole?: boolean; around?: boolean }
): ITicks {
  const { whole, around } = options;
  const [first, last] = [bounded(low), bounded(high)];
  const largest = Math.max(Math.abs(first), Math.abs(last));
  const rough = (last - first) / Math.max(1, options.most);
  // Neighbours that are nearer than the digits of a number can tell would be one.
  const least = Math.max(SMALLEST, largest * 8 * Number.EPSILON, whole ? 1 : 0);
  const step = round(Math.max(rough, least));
  // A little more than an end is still the end: 0.3 / 0.1 is 2.9999999999999996.
  const from = around
    ? Math.floor(first / step + 1e-9)
    : Math.ceil(first / step - 1e-9);
  const end = around ? Math.ceil(last / step - 1e-9) : Math.floor(last / step + 1e-9);
  const to = around ? Math.max(end, from + 1) : end;
  const digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  const values = Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => {
    const value = (from + at) * step || 0; // no -0
    return digits < 16 ? Number(value.toFixed(digits)) : value;
  });
  const words = wordsOf(step, largest);
  const letters = Math.max(1, ...values.map(value => words(value).length));
  return { values, words, letters };
}

function bounded(end: number): number {
  return Number.isNaN(end) ? 0 : Math.max(-FARTHEST, Math.min(FARTHEST, end));
}

/** 1, 2 or 5 times a power of ten, not below this. */
function round(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find(times => times * power >= rough * (1 - 1e-9)) ?? 10);
}

/** As many digits as tell values apart that are a step from each other. */
function wordsOf(step: number, largest: number): (value: number) => string {
  if (largest < 1e-3 || largest >= 1e15) {
    const digits = places(largest / step);
    return value => (value ? value.toExponential(digits) : '0');
  }
  if (largest < 1e5) {
    const digits = places(1 / step);
    return value =>
      value.toLocaleString(undefined, {
        minimumFractionDigits: digits,
        maximumFractionDigits: digits
      });
  }
  return value => {
    const unit = 10 ** (3 * Math.floor(Math.log10(Math.abs(value) || 1) / 3));
    return value.toLocaleString(undefined, {
      notation: 'compact',
      maximumFractionDigits: Math.min(20, places(unit / step))
    });
  };
}

/** Digits after the point that so many parts of one need. */
function places(parts: number): number {
  return Math.min(20, Math.max(0, Math.ceil(Math.log10(parts) - 1e-9)));
}
