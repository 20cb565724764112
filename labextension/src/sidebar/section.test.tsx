import * as React from 'react';
import { refusal, row } from '../testing/fakes';
import { Around, draw, drawnUntil } from '../testing/screen';
import { SectionList } from './section';
import { sections } from './sections';

jest.mock('../ui/context', () => jest.requireActual('../testing/screen'));
jest.mock('@jupyterlab/apputils', () => ({}));

it('a refresh that failed is told above the rows, which stay, until one succeeds', async () => {
  let down = false;
  const by = new Around(() => {
    if (down) {
      throw refusal(507, 'kf-3021');
    }
    return { seq: 1, epoch: 'a', total: 1, counts: {}, rows: [row('a')] };
  });
  const { kf, trans } = by;
  const [runs] = sections(kf, trans);
  const { host, text, close } = await draw(<SectionList section={runs} />, by);
  const again = () => React.act(async () => void kf.stale.emit());
  expect(text()).toContain('1 entry');
  expect(text()).not.toContain('kf-3021');
  down = true;
  await again();
  await drawnUntil(() => text().includes('kf-3021'));
  expect(host.querySelector('[role="listbox"]')).not.toBeNull();
  down = false;
  await again();
  await drawnUntil(() => !text().includes('kf-3021'));
  close();
});
