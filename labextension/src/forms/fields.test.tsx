import * as React from 'react';
import { Around, draw } from '../testing/screen';
import { FormField } from './fields';
import type { Content, IField } from './model';

jest.mock('../ui/context', () => jest.requireActual('../testing/screen'));

function Page(props: {
  control: 'list' | 'map';
  first: Content;
  names?: string[];
}): React.ReactElement {
  const [content, set] = React.useState(props.first);
  const field = { field: 'params', control: props.control, flag: '', help: '' };
  return (
    <FormField
      field={field as IField}
      content={content}
      wrong=""
      names={props.names ?? []}
      known=""
      change={(_, told) => set(told)}
    />
  );
}

it.each([
  ['map' as const, [['', '']] as Content],
  ['list' as const, [''] as Content]
])('names of a %s are completed by what the cell has', async (control, first) => {
  const page = <Page control={control} first={first} names={['depth', 'lr']} />;
  const screen = await draw(page, new Around());
  const lists = [...screen.host.querySelectorAll('input')].map(
    input => input.list?.options.length ?? 0
  );
  expect(lists[0]).toBe(2);
  expect(lists.slice(1).every(count => count === 0)).toBe(true); // a value is no name
  screen.close();
});

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
