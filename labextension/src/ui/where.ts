/** Where jobs go and how many there are, in words: of the chip, so it is loaded with JupyterLab. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Where } from '../wire';

/** '2 running, 1 waiting, 1 serving': what jobs and endpoints do now; 'idle' without any. */
export function workWords(
  { running, waiting, serving }: Pick<Where, 'running' | 'waiting' | 'serving'>,
  trans: TranslationBundle
): string {
  const told = [
    running ? trans._n('%1 running', '%1 running', running) : '',
    waiting ? trans._n('%1 waiting', '%1 waiting', waiting) : '',
    serving ? trans._n('%1 serving', '%1 serving', serving) : ''
  ].filter(Boolean);
  return told.join(', ') || trans.__('idle');
}

/** Why it is not known where jobs go: 'not permitted' is another trouble than 'not connected'. */
export function noPlaceWords(
  { trouble, denied }: { trouble: string | null; denied: boolean },
  trans: TranslationBundle
): string {
  return denied
    ? trans.__('not permitted')
    : trouble
      ? trans.__('not connected')
      : trans.__('connecting…');
}
