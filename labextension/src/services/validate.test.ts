import { change, row } from '../testing/fakes';
import { asChange, asRow, ENDED, STATES } from './validate';

describe('what came over the wire', () => {
  it('is a row with all that is read of one', () => {
    expect(asRow(row('a'))).toEqual(row('a'));
    expect(STATES.map(state => asRow(row('a', { state }))?.state)).toEqual(STATES);
  });

  it('is no row when something is missing or of another kind', () => {
    for (const wrong of [
      null,
      'a',
      {},
      { ...row('a'), id: 1 },
      { ...row('a'), kind: undefined },
      { ...row('a'), name: null },
      { ...row('a'), state: 'DONE' },
      { ...row('a'), metrics: undefined },
      { ...row('a'), metrics: null }
    ]) {
      expect(asRow(wrong)).toBeNull();
    }
  });

  it('is a change, without the row when that is none', () => {
    expect(asChange(change(1, { row: row('a') }))).toEqual(
      change(1, { row: row('a') })
    );
    expect(asChange({ ...change(1), row: { id: 'a' } })).toEqual(change(1));
    expect(asChange({ ...change(1), row: undefined })).toEqual(change(1));
  });

  it('is no change when something is missing or of another kind', () => {
    for (const wrong of [
      undefined,
      null,
      7,
      {},
      { ...change(1), seq: '1' },
      { ...change(1), epoch: 1 },
      { ...change(1), thing: undefined },
      { ...change(1), id: null },
      { ...change(1), action: undefined }
    ]) {
      expect(asChange(wrong)).toBeNull();
    }
  });

  it('knows which states are an end', () => {
    expect([...ENDED].every(state => STATES.includes(state))).toBe(true);
    expect(STATES.filter(state => !ENDED.has(state))).toEqual([
      'PENDING',
      'RUNNING',
      'READY'
    ]);
  });
});
