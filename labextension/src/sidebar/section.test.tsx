import { nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';
import { createRoot } from 'react-dom/client';
import { FakeKubeflow, FakeRest, refusal, row } from '../testing/fakes';
import { SectionList } from './section';
import { sections } from './sections';

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

class Silent {
  observe(): void {}
  disconnect(): void {}
}

// The real one makes JupyterLab's widgets, which take Jest half a minute to load.
const mockContext: { kf?: FakeKubeflow; trans?: unknown; commands?: unknown } = {};
jest.mock('../ui/context', () => ({ useKf: () => mockContext }));
jest.mock('@jupyterlab/apputils', () => ({}));

it('a refresh that failed is told above the rows, which stay, until one succeeds', async () => {
  globalThis.IntersectionObserver = Silent as never;
  globalThis.ResizeObserver = Silent as never;
  let down = false;
  const rest = new FakeRest(() => {
    if (down) {
      throw refusal(507, 'kf-3021');
    }
    return { seq: 1, epoch: 'a', total: 1, counts: {}, rows: [row('a')] };
  });
  const kf = new FakeKubeflow(rest);
  const trans = nullTranslator.load('jupyter_kf');
  Object.assign(mockContext, { kf, trans });
  const [runs] = sections(kf, trans);
  const host = document.createElement('div');
  const root = createRoot(host);
  const again = () => React.act(async () => void kf.stale.emit());
  await React.act(async () => root.render(<SectionList section={runs} />));
  expect(host.textContent).toContain('1 entry');
  expect(host.textContent).not.toContain('kf-3021');
  down = true;
  await again();
  expect(host.textContent).toContain('kf-3021');
  expect(host.querySelector('[role="listbox"]')).not.toBeNull();
  down = false;
  await React.act(async () => {
    kf.stale.emit();
    await new Promise(resolve => setTimeout(resolve, 350));
  });
  expect(host.textContent).not.toContain('kf-3021');
  React.act(() => root.unmount());
});
