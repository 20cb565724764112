/** How wide a table must be. Pure. */

/** As `.jp-Kf-gridRow` has them. */
const GAP_PX = 12;
const SIDES_PX = 20;

/**
 * The width below which a table scrolls sideways: its columns at their narrowest, and between them.
 *
 * Without it columns that have no room would be cut off with nothing to say so.
 */
export function leastWidth(columns: readonly { width: string }[]): number {
  const narrowest = columns.map(({ width }) => Number(/(\d+)px/.exec(width)?.[1] ?? 0));
  const gaps = GAP_PX * Math.max(0, columns.length - 1);
  return narrowest.reduce((sum, px) => sum + px, gaps + SIDES_PX);
}
