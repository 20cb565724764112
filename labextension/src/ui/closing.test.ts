import { Panel, Widget } from '@lumino/widgets';
import { FakeKubeflow, FakeRest } from '../testing/fakes';
import { closeWhenRemoved } from './closing';

it('the tab of a run closes once this window has deleted it, no other', async () => {
  const kf = new FakeKubeflow(new FakeRest(() => ({ seq: 1, epoch: 'a' })));
  const tabs = ['a', 'b'].map(id => {
    const tab = new Panel();
    tab.addWidget(closeWhenRemoved(new Widget(), kf, id));
    return tab;
  });
  await kf.runs.remove('a');
  expect(tabs.map(tab => tab.isDisposed)).toEqual([true, false]);
});

it('the tab stays when the server refuses, or when another window deleted it', async () => {
  const kf = new FakeKubeflow(
    new FakeRest(() => {
      throw new Error('no');
    })
  );
  const page = closeWhenRemoved(new Widget(), kf, 'a');
  await expect(kf.runs.remove('a')).rejects.toThrow('no');
  const gone = { seq: 2, epoch: 'a', thing: 'run', id: 'a', row: null } as const;
  kf.runs.apply({ ...gone, action: 'deleted' });
  expect(page.isDisposed).toBe(false);
});
