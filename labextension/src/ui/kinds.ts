/** Kinds of runs and things in words: of tabs' titles, so they are loaded with JupyterLab. */
import type { TranslationBundle } from '@jupyterlab/translation';

/** A kind of run, or of thing, in the page's language. */
export function kindWord(kind: string, trans: TranslationBundle): string {
  const known: Record<string, string> = {
    train: trans.__('train'),
    tune: trans.__('tune'),
    serve: trans.__('serve'),
    batch: trans.__('batch'),
    run: trans.__('run'),
    study: trans.__('study'),
    trial: trans.__('trial'),
    dataset: trans.__('dataset'),
    transform: trans.__('transform'),
    model: trans.__('model'),
    endpoint: trans.__('endpoint')
  };
  return known[kind] ?? kind;
}
