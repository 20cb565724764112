/** The focus, for who asked for the panel by a command. No widgets. */

/** So long it may take to be drawn, once it is loaded. */
const MOST_FRAMES = 60;

/** Gives the focus to the panel's search; to its first button where every section is closed. */
export async function enter(panel: HTMLElement): Promise<void> {
  const first = () =>
    panel.querySelector<HTMLElement>('input') ?? panel.querySelector('button');
  // In the next frame at the soonest: by then what it was asked by (a menu, the palette) has closed.
  for (let frame = 0; frame === 0 || (frame < MOST_FRAMES && !first()); frame++) {
    await new Promise(resolve => requestAnimationFrame(resolve));
  }
  first()?.focus();
}
