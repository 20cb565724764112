/** The focus of what goes: a button that turns into another, an answer that was given. Plain DOM. */

const CONTROLS = 'button, input, select, textarea, [tabindex="0"]';
const HEADINGS = 'h2, h3';

/**
 * Keeps the focus in an element when what had it goes, or can't be used for a while.
 *
 * A browser gives the focus to nobody then, and who goes by keyboard begins at the top of
 * JupyterLab. It goes to what came in its place, once that can be used; where nothing came, to the
 * nearest control, or the heading. Somebody who went elsewhere meanwhile is left there.
 *
 * @param focused - what has the focus now.
 * @returns what ends it.
 */
export function keepFocus(root: HTMLElement, focused?: EventTarget | null): () => void {
  let last: HTMLElement | null = null;
  const observer = new MutationObserver(records => {
    if (!last || !isLost()) {
      return;
    }
    last = last.isConnected ? last : heirOf(last, records, root);
    if (!last) {
      observer.disconnect();
    } else if (isUsable(last)) {
      last.focus({ preventScroll: true });
    }
  });
  const changes = { childList: true, subtree: true, attributeFilter: ['disabled'] };
  const onFocus = ({ target }: { target?: EventTarget | null }) => {
    const before = last;
    last = target instanceof HTMLElement && root.contains(target) ? target : null;
    if (last && !before) {
      observer.observe(root, changes);
    } else if (!last && before) {
      observer.disconnect();
    }
  };
  const onPress = ({ target }: Event) => {
    if (last && !last.contains(target as Node)) {
      last = null; // who presses elsewhere leaves, also where nothing takes the focus
      observer.disconnect();
    }
  };
  onFocus({ target: focused });
  document.addEventListener('focusin', onFocus);
  document.addEventListener('pointerdown', onPress, true);
  return () => {
    observer.disconnect();
    document.removeEventListener('focusin', onFocus);
    document.removeEventListener('pointerdown', onPress, true);
  };
}

function isLost(): boolean {
  return document.activeElement === null || document.activeElement === document.body;
}

function isUsable(element: HTMLElement): boolean {
  return !element.matches(':disabled');
}

/** What has the place of an element that is gone. */
function heirOf(
  gone: HTMLElement,
  records: readonly MutationRecord[],
  root: HTMLElement
): HTMLElement | null {
  let at: Node = gone;
  while (!at.isConnected) {
    const top = topOf(at);
    const taken = records.find(({ removedNodes }) => [...removedNodes].includes(top));
    if (!taken) {
      return null;
    }
    at = taken.target;
  }
  const came = records
    .filter(({ target }) => target === at)
    .flatMap(({ addedNodes }) => [...addedNodes])
    .filter((node): node is HTMLElement => node instanceof HTMLElement);
  return came.map(controlIn).find(Boolean) ?? near(at as HTMLElement, root);
}

function topOf(node: Node): Node {
  return node.parentNode ? topOf(node.parentNode) : node;
}

function controlIn(element: HTMLElement): HTMLElement | null {
  if (!element.isConnected) {
    return null; // it came, and went at once
  }
  return element.matches(CONTROLS) ? element : element.querySelector(CONTROLS);
}

/** The first control near a place that can be used; where there is none, the heading. */
function near(place: HTMLElement, root: HTMLElement): HTMLElement | null {
  for (let at: HTMLElement | null = place; at; at = at.parentElement) {
    const usable = [...at.querySelectorAll<HTMLElement>(CONTROLS)].find(isUsable);
    const heading = at.querySelector<HTMLElement>(HEADINGS);
    if (usable) {
      return usable;
    }
    if (heading) {
      heading.tabIndex = -1; // for this alone: no key leads to it
      return heading;
    }
    if (at === root) {
      return null;
    }
  }
  return null;
}
