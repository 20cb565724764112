import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { FakeKubeflow, until } from '../testing/fakes';
import { sidebarPlugin } from './plugin';

// What takes Jest half a minute to load, and is not looked at here.
jest.mock('@jupyterlab/application', () => ({}));
jest.mock('../ui/icons', () => ({}));
const mockPanel = { broken: true, loads: 0 };
jest.mock('./panel', () => ({
  __esModule: true,
  get makePanel() {
    mockPanel.loads += 1;
    if (mockPanel.broken) {
      throw new Error('the chunk is gone');
    }
    const { Widget: Made } = jest.requireActual('@lumino/widgets');
    return () => {
      const made = new Made();
      made.node.textContent = 'all runs';
      return made;
    };
  }
}));

it('a panel that could not be loaded says so, and is loaded when it is asked for again', async () => {
  let sidebar!: Widget;
  const app = {
    shell: { add: (widget: Widget) => (sidebar = widget) },
    commands: { addCommand: () => undefined }
  };
  void sidebarPlugin.activate(app as never, new FakeKubeflow(), nullTranslator, null);
  Widget.attach(sidebar, document.body);
  await until(() => sidebar.node.textContent!.includes('could not be loaded'));
  sidebar.hide();
  sidebar.show(); // fails again, and says so once
  await until(() => mockPanel.loads === 2);
  await until(() => sidebar.node.querySelectorAll('button').length === 1);
  mockPanel.broken = false;
  sidebar.node.querySelector('button')!.click();
  await until(() => sidebar.node.textContent === 'all runs');
  sidebar.hide();
  sidebar.show();
  await Promise.resolve();
  expect(mockPanel.loads).toBe(3);
  sidebar.dispose();
});
