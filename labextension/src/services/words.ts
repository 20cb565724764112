/** The words of what no component stands around: errors of the way, units of numbers. */
import { nullTranslator, type TranslationBundle } from '@jupyterlab/translation';

let bundle: TranslationBundle = nullTranslator.load('jupyter_kf');

/** The language of the page; set once, before anything is asked or shown. */
export function speak(trans: TranslationBundle): void {
  bundle = trans;
}

export function words(): TranslationBundle {
  return bundle;
}
