import { nullTranslator } from '@jupyterlab/translation';
import { deleteQuestion } from './deletion';

const trans = nullTranslator.load('jupyter_kf');
const things = [
  { id: 'sha256:1', kind: 'model', label: 'model high@1' },
  { id: 'sha256:2', kind: 'dataset', label: 'dataset trips@1' }
];

it('a run that made a model says that the model loses the run it came from', () => {
  const made = { run: { outputs: { model: 'sha256:1' } }, things };
  expect(deleteQuestion(made, trans)).toBe(
    'Delete it for good? The model high@1 stays; the run that it came from goes.'
  );
});

it('a run that only used a model, or made none, is asked about alone', () => {
  const used = { run: { outputs: {} }, things };
  expect(deleteQuestion(used, trans)).toBe('Delete it for good?');
});
