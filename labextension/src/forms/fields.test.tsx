import * as React from 'react';
import { Around, draw } from '../testing/screen';
import { FormField } from './fields';
import type { Content, IField } from './model';

jest.mock('../ui/context', () => jest.requireActual('../testing/screen'));

function Page(props: { control: 'list' | 'map'; first: Content }): React.ReactElement {
  const [content, set] = React.useState(props.first);
  const field = { field: 'params', control: props.control, flag: '', help: '' };
  return (
    <FormField
      field={field as IField}
      content={content}
      wrong=""
      names={[]}
      known=""
      change={(_, told) => set(told)}
    />
  );
}

it.each([
  ['map' as const, [['size', '3']] as Content, 'Name 2'],
  ['list' as const, ['one'] as Content, 'Params, entry 2'],
  ['map' as const, [] as Content, 'Name 1']
])('Add leads into the new field of a %s', async (control, first, label) => {
  const screen = await draw(<Page control={control} first={first} />, new Around());
  await screen.click('Add');
  expect(document.activeElement!.getAttribute('aria-label')).toBe(label);
  screen.close();
});
