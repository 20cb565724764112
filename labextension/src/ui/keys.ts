/** Keys that move through rows. Pure. */

/** Where a key leads from row `at` of `count`; null for keys that lead nowhere. */
export function target(key: string, at: number, count: number): number | null {
  const steps: Record<string, number> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: at + 10,
    PageUp: at - 10,
    Home: 0,
    End: count - 1
  };
  return key in steps && count ? Math.max(0, Math.min(count - 1, steps[key])) : null;
}
