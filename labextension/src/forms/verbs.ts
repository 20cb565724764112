/** The verbs that have a form; apart from the form's model, which is loaded with the first one. */
export const VERBS = ['train', 'tune', 'serve', 'batch'] as const;
export type Verb = (typeof VERBS)[number];
