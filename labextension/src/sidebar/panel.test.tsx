import { Around, draw, type KfWidget } from '../testing/screen';
import { makePanel } from './panel';

jest.mock('../ui/context', () => jest.requireActual('../testing/screen'));
jest.mock('@jupyterlab/ui-components', () => ({
  caretDownIcon: { react: () => null },
  caretRightIcon: { react: () => null }
}));
jest.mock('./section', () => ({ SectionList: () => null }));
jest.mock('./resources', () => ({ Resources: () => null }));

it('a section that is opened or closed is kept so, and nothing before', async () => {
  const around = new Around();
  const saved: unknown[] = [];
  const kept = { open: ['runs', 'models'], save: (open: unknown) => saved.push(open) };
  const panel = makePanel(around as never, kept) as unknown as KfWidget;
  const screen = await draw(panel.element, around);
  const opened = [...screen.host.querySelectorAll('[aria-expanded="true"]')];
  expect(opened.map(one => one.textContent)).toEqual(['Runs', 'Models']);
  expect(saved).toEqual([]);
  await screen.click('Studies');
  await screen.click('Runs');
  expect(saved).toEqual([
    ['runs', 'models', 'studies'],
    ['models', 'studies']
  ]);
  screen.close();
});
