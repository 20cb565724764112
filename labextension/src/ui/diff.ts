/** The lines in which two texts differ: their longest common subsequence. Pure. */

export interface ILine {
  /** Only in the old text, only in the new one, or in both. */
  mark: '-' | '+' | ' ';
  text: string;
}

/** What a table of lengths may hold; larger texts are not aligned. */
const MOST_PAIRS = 4e6;

/** All lines of both texts in order, what was left out before what came instead. */
export function lineDiff(old: string, now: string): ILine[] {
  const [a, b] = [linesOf(old), linesOf(now)];
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) {
    start++;
  }
  let end = 0;
  while (
    end < Math.min(a.length, b.length) - start &&
    a[a.length - 1 - end] === b[b.length - 1 - end]
  ) {
    end++;
  }
  return [
    ...marked(' ', a.slice(0, start)),
    ...aligned(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...marked(' ', a.slice(a.length - end))
  ];
}

/** The lines near a difference, and for those between, their number. */
export function folded(lines: readonly ILine[], around: number): (ILine | number)[] {
  const near = lines.map(() => false);
  lines.forEach(({ mark }, at) => {
    if (mark !== ' ') {
      near.fill(true, Math.max(0, at - around), at + around + 1);
    }
  });
  const parts: (ILine | number)[] = [];
  lines.forEach((line, at) => {
    const last = parts[parts.length - 1];
    if (near[at]) {
      parts.push(line);
    } else if (typeof last === 'number') {
      parts[parts.length - 1] = last + 1;
    } else {
      parts.push(1);
    }
  });
  return parts;
}

function linesOf(text: string): string[] {
  const lines = text.replace(/\n$/, '');
  return lines ? lines.split('\n') : [];
}

function marked(mark: ILine['mark'], lines: readonly string[]): ILine[] {
  return lines.map(text => ({ mark, text }));
}

function aligned(a: readonly string[], b: readonly string[]): ILine[] {
  const wide = b.length + 1;
  if (a.length * b.length > MOST_PAIRS) {
    return [...marked('-', a), ...marked('+', b)];
  }
  // common[i * wide + j]: how many lines a from i on and b from j on have in common.
  const common = new Uint32Array((a.length + 1) * wide);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const at = i * wide + j;
      common[at] =
        a[i] === b[j]
          ? common[at + wide + 1] + 1
          : Math.max(common[at + wide], common[at + 1]);
    }
  }
  const lines: ILine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    const at = i * wide + j;
    if (a[i] === b[j]) {
      lines.push({ mark: ' ', text: a[i] });
      i++;
      j++;
    } else if (common[at + wide] >= common[at + 1]) {
      lines.push({ mark: '-', text: a[i++] });
    } else {
      lines.push({ mark: '+', text: b[j++] });
    }
  }
  return [...lines, ...marked('-', a.slice(i)), ...marked('+', b.slice(j))];
}
