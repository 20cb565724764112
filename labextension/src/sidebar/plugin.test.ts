import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { FakeKubeflow, until } from '../testing/fakes';
import type { IKept } from './panel';
import { sidebarPlugin } from './plugin';

// What takes Jest half a minute to load, and is not looked at here.
jest.mock('@jupyterlab/application', () => ({}));
jest.mock('../ui/icons', () => ({}));
const mockPanel = { broken: true, loads: 0, kept: null as IKept | null };
jest.mock('./panel', () => ({
  __esModule: true,
  get makePanel() {
    mockPanel.loads += 1;
    if (mockPanel.broken) {
      throw new Error('the chunk is gone');
    }
    const { Widget: Made } = jest.requireActual('@lumino/widgets');
    return (_: unknown, kept: IKept) => {
      mockPanel.kept = kept;
      const made = new Made();
      const { enter } = jest.requireActual('./enter');
      made.onActivateRequest = () => enter(made.node); // as the real one does
      const button = document.createElement('button');
      button.textContent = 'all runs';
      made.node.append(button, document.createElement('input'));
      return made;
    };
  }
}));

/** The sidebar as JupyterLab shows it, with what it keeps of the workspace. */
function shown(state: unknown, commands = new Map<string, () => unknown>()): Widget {
  let sidebar!: Widget;
  const app = {
    shell: {
      add: (widget: Widget) => (sidebar = widget),
      activateById: () => sidebar.show()
    },
    commands: {
      addCommand: (id: string, { execute }: { execute: () => unknown }) =>
        commands.set(id, execute)
    }
  };
  const kf = new FakeKubeflow();
  void sidebarPlugin.activate(app as never, kf, nullTranslator, null, state);
  Widget.attach(sidebar, document.body);
  return sidebar;
}

it('a panel that could not be loaded says so, and is loaded when it is asked for again', async () => {
  const sidebar = shown(null);
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

it('who asks for the panel has the focus in it; a reload moves no focus', async () => {
  mockPanel.broken = false;
  const commands = new Map<string, () => unknown>();
  const sidebar = shown(null, commands);
  await until(() => sidebar.node.textContent === 'all runs');
  expect(document.activeElement).toBe(document.body);
  await commands.get('jupyter-kf:show-panel')!();
  await until(() => document.activeElement === sidebar.node.querySelector('input'));
  sidebar.dispose();
});

it('the sections that were open are kept over a reload', async () => {
  mockPanel.broken = false;
  const saved: unknown[] = [];
  const state = {
    fetch: async () => ['models'],
    save: async (id: string, value: unknown) => void saved.push([id, value])
  };
  const sidebar = shown(state);
  await until(() => sidebar.node.textContent === 'all runs');
  expect(mockPanel.kept!.open).toEqual(['models']);
  mockPanel.kept!.save(['studies']);
  expect(saved).toEqual([['jupyter-kf-panel:open', ['studies']]]);
  sidebar.dispose();
});
