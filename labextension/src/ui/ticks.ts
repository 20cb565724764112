/** Round values along an axis, and words for them of which no two are alike. Pure. */

export interface ITicks {
  values: number[];
  words: (value: number) => string;
  /** Letters of the longest word: what room they need. */
  letters: number;
}

/**
 * At most about so many values within the ends; `around` goes one further where an end is none.
 *
 * Whole numbers only for what is counted: there is no step or trial 2.5.
 */
export function ticks(
  low: number,
  high: number,
  options: { most: number; whole?: boolean; around?: boolean }
): ITicks {
  const { most, whole, around } = options;
  const rough = Math.max(high - low, Number.MIN_VALUE) / Math.max(1, most);
  const step = Math.max(round(rough), whole ? 1 : 0);
  // A little more than an end is still the end: 0.3 / 0.1 is 2.9999999999999996.
  const from = around ? Math.floor(low / step + 1e-9) : Math.ceil(low / step - 1e-9);
  const to = around ? Math.ceil(high / step - 1e-9) : Math.floor(high / step + 1e-9);
  const digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  const values = Array.from({ length: to - from + 1 }, (_, at) =>
    digits < 16 ? Number(((from + at) * step).toFixed(digits)) : (from + at) * step
  );
  const words = wordsOf(step, Math.max(Math.abs(low), Math.abs(high)));
  const letters = Math.max(1, ...values.map(value => words(value).length));
  return { values, words, letters };
}

/** 1, 2 or 5 times a power of ten, not below this. */
function round(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find(times => times * power >= rough * (1 - 1e-9)) ?? 10);
}

/** As many digits as tell values apart that are a step from each other. */
function wordsOf(step: number, largest: number): (value: number) => string {
  if (largest < 1e-3) {
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
