import { draw } from './trafficview';

jest.mock('../ui/context', () => jest.requireActual('../testing/screen'));

/** What is drawn of these points of two lines: their names with colours, in order. */
function legend(points: { series: string; x: number; y: number }[]) {
  let asked!: { color: { domain: string[]; range: string[] } };
  const mark = () => null;
  const plots = {
    Plot: {
      plot: (options: typeof asked) => (asked = options),
      lineY: mark,
      dot: mark
    },
    frame: () => ({}),
    SERIES: ['blue', 'orange', 'green'],
    LEGEND_PX: 0
  };
  const told = { names: ['requests', 'errors'], points, xLabel: '' };
  draw(plots as never, { width: 400, height: 190 }, told);
  return asked.color.domain.map((name, at) => [name, asked.color.range[at]]);
}

it('each line has its colour from the first sample on, of which only some is known', () => {
  const both = [
    ['requests', 'blue'],
    ['errors', 'orange']
  ];
  const errors = { series: 'errors', x: 0, y: 0 };
  expect(legend([errors])).toEqual(both);
  expect(legend([errors, { series: 'requests', x: 0, y: 3 }])).toEqual(both);
});
