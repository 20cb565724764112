import { FakeRest, refusal } from '../testing/fakes';
import { drafted } from './draft';

const body = { verb: 'train', fields: { name: 'late' } };
const draft = { cell: '%%kf train late', problems: [] };

it('a form’s names are looked up in the store', async () => {
  const rest = new FakeRest(() => draft);
  expect(await drafted(rest, body)).toBe(draft);
  expect(rest.asked).toEqual([
    `POST cells ${JSON.stringify({ ...body, known: true })}`
  ]);
});

it('who may not read the store’s things still gets the cell', async () => {
  const answers = [() => draft, () => Promise.reject(refusal(403, 'kf-2060'))];
  const rest = new FakeRest(() => answers.pop()!());
  expect(await drafted(rest, body)).toBe(draft);
  expect(rest.asked[1]).toBe(`POST cells ${JSON.stringify(body)}`);
});

it('any other refusal is told', async () => {
  const rest = new FakeRest(() => Promise.reject(refusal(400)));
  await expect(drafted(rest, body)).rejects.toHaveProperty('status', 400);
  expect(rest.asked.length).toBe(1);
});
