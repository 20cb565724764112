/** A language that says everything in «…», so that a test sees what was not translated. */
import { nullTranslator, type TranslationBundle } from '@jupyterlab/translation';

const english = nullTranslator.load('jupyter_kf');

export const marked = new Proxy(english, {
  get: (bundle, name: keyof TranslationBundle) => {
    const say = bundle[name] as (...args: unknown[]) => unknown;
    return typeof say === 'function'
      ? (...args: unknown[]) => `«${say.apply(bundle, args)}»`
      : say;
  }
});

/** Attributes that are shown or read out. */
const SAID = ['title', 'placeholder', 'aria-label', 'aria-valuetext', 'alt', 'label'];

/**
 * Words of an element that are in no «…», each with where it stands; code and what a user typed
 * are not ours to translate.
 *
 * @param known - names of the user's things, and what the server says, which may stand as they are.
 */
export function unmarked(host: Element, known: readonly string[]): string[] {
  const found: string[] = [];
  const look = (text: string, where: Element) => {
    let rest = text;
    for (let inner = ''; inner !== rest;) {
      [inner, rest] = [rest, rest.replace(/«[^«»]*»/g, '')];
    }
    for (const name of known) {
      rest = rest.split(name).join('');
    }
    if (/\p{L}{2}/u.test(rest)) {
      found.push(`${where.tagName.toLowerCase()}.${where.className}: ${text.trim()}`);
    }
  };
  for (const element of [host, ...host.querySelectorAll('*')]) {
    for (const name of SAID) {
      look(element.getAttribute(name) ?? '', element);
    }
    if (!element.closest('code, pre, textarea')) {
      for (const node of element.childNodes) {
        look(node.nodeType === Node.TEXT_NODE ? (node.textContent ?? '') : '', element);
      }
    }
  }
  return found;
}
