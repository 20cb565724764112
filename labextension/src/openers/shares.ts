/** How parts share a width. Pure. */

/** The shares when part `at` has at least `least`, which the largest other part gives. */
export function grown(shares: readonly number[], at: number, least: number): number[] {
  const missing = Math.max(0, least - shares[at]);
  const others = shares.map((share, part) => (part === at ? -1 : share));
  const giver = others.indexOf(Math.max(...others));
  return shares.map((share, part) =>
    part === at ? share + missing : part === giver ? share - missing : share
  );
}
