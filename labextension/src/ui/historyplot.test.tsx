import * as React from 'react';
import { study, trial } from '../testing/fakes';
import { Around, draw } from '../testing/screen';
import { HistoryPlot } from './historyplot';

jest.mock('./context', () => jest.requireActual('../testing/screen'));
// Its place on the page has no size here: drawn as if it had one.
jest.mock('./plot', () => ({
  PlotView: (props: { draw: (plots: unknown, size: unknown) => Element }) => {
    const host = jest.requireActual('react').useRef(null);
    jest.requireActual('react').useEffect(() => {
      const size = { width: 500, height: 260 };
      host.current.replaceChildren(props.draw(jest.requireActual('./plots'), size));
    });
    return jest.requireActual('react').createElement('div', { ref: host });
  }
}));

it('a trial beyond the scale stands at its edge and is named, and one that failed has a mark', async () => {
  const trials = [0.52, 0.5, -400, 0.55, 0.53, 0.56].map((value, at) =>
    trial(at, { values: [value] })
  );
  trials.push(trial(6, { values: null, state: 'FAILED' }));
  const screen = await draw(
    <HistoryPlot study={study(trials)} metric={0} height={260} />,
    new Around()
  );
  expect(screen.text()).toContain('Beyond the scale, at its edge: trial 2 (-400)');
  expect(screen.text()).toContain('failed');
  const marks = (shape: string) =>
    screen.host.querySelectorAll(`svg g[aria-label=dot] ${shape}`).length;
  expect([marks('circle'), marks('path')]).toEqual([5, 2]);
  screen.close();
});
