import { Signal } from '@lumino/signaling';
import { change } from '../testing/fakes';
import { Events, SCHEMA } from './events';

function events(): {
  emit: (seq: number, epoch?: string) => void;
  told: string[];
  events: Events;
  bus: Signal<object, unknown>;
  compare: (seq: number, epoch?: string) => unknown;
} {
  const bus = new Signal<object, unknown>({});
  const made = new Events({ stream: bus });
  const told: string[] = [];
  made.changed.connect((_, { seq }) => void told.push(`changed ${seq}`));
  made.stale.connect(() => void told.push('stale'));
  const emit = (seq: number, epoch = 'a') =>
    bus.emit({ schema_id: SCHEMA, ...change(seq, { epoch }) });
  const compare = (seq: number, epoch = 'a') =>
    made.compare({ seq, epoch }) && told.push('stale');
  return { emit, told, events: made, bus, compare };
}

function hello(bus: Signal<object, unknown>, seq: number): void {
  const said = change(seq, { thing: 'resources', action: 'hello' });
  bus.emit({ schema_id: SCHEMA, ...said });
}

describe('the stream of changes', () => {
  it('tells changes in their order', () => {
    const { emit, told } = events();
    emit(1);
    emit(2);
    expect(told).toEqual(['changed 1', 'changed 2']);
  });

  it('says that something was missed when a number is left out', () => {
    const { emit, told } = events();
    emit(1);
    emit(4);
    expect(told).toEqual(['changed 1', 'stale', 'changed 4']);
  });

  it('says that all is stale when the server was started again', () => {
    const { emit, told } = events();
    emit(7);
    emit(8, 'b');
    emit(9, 'b');
    expect(told).toEqual(['changed 7', 'stale', 'changed 8', 'changed 9']);
  });

  it('takes an answer with a higher number as a gap, and one that was overtaken as none', () => {
    const { emit, told, compare } = events();
    compare(3);
    emit(4);
    compare(4);
    compare(2);
    expect(told).toEqual(['changed 4']);
    compare(6);
    expect(told).toEqual(['changed 4', 'stale']);
    emit(6); // the answer was faster than its event
    emit(7);
    expect(told.slice(2)).toEqual(['changed 6', 'changed 7']);
  });

  it('takes another epoch in an answer as a gap', () => {
    const { told, compare } = events();
    compare(3);
    compare(0, 'b');
    expect(told).toEqual(['stale']);
  });

  it('takes a higher number in hello as a gap, also of one, and tells no change of it', () => {
    const { emit, told, bus } = events();
    hello(bus, 3); // counting begins
    emit(4);
    hello(bus, 4);
    expect(told).toEqual(['changed 4']);
    hello(bus, 5); // the socket was away when 5 was told
    emit(6);
    expect(told).toEqual(['changed 4', 'stale', 'changed 6']);
  });

  it('says that what was read before hello, and changed since, is stale', () => {
    const { emit, told, events: made, bus } = events();
    made.read({ seq: 6, epoch: 'a' });
    made.read({ seq: 4, epoch: 'a' }); // a row, at a time when no socket was open
    made.read({ seq: 5, epoch: 'a' });
    hello(bus, 5); // counting begins: what 5 told was told to nobody here
    made.read({ seq: 5, epoch: 'a' });
    emit(6);
    expect(told).toEqual(['stale', 'changed 6']);
  });

  it('says so of an answer that comes after hello, once for all that were as early', () => {
    const { told, events: made, bus, compare } = events();
    hello(bus, 5);
    made.read({ seq: 4, epoch: 'a' });
    made.read({ seq: 4, epoch: 'a' });
    compare(4);
    expect(told).toEqual(['stale']);
  });

  it('says so when counting began with an event, and not of what was read right before it', () => {
    for (const [seq, wanted] of [
      [6, ['changed 7']],
      [5, ['stale', 'changed 7']]
    ] as const) {
      const { emit, told, events: made } = events();
      made.read({ seq, epoch: 'a' });
      emit(7);
      expect(told).toEqual(wanted);
    }
  });

  it('says so of what was read before the server was started again', () => {
    const { told, events: made, bus } = events();
    made.read({ seq: 9, epoch: 'z' });
    made.read({ seq: 1, epoch: 'a' });
    hello(bus, 1);
    expect(told).toEqual(['stale']);
  });

  it('is behind while answers know of more than the stream has told', () => {
    const { emit, events: made, compare } = events();
    compare(3);
    expect(made.behind).toBe(false); // it has not begun: JupyterLab goes on trying
    emit(4);
    compare(5);
    expect(made.behind).toBe(true);
    emit(5);
    expect(made.behind).toBe(false);
  });

  it('listens to another stream, and no more to the one before', () => {
    const { emit, told, events: made } = events();
    emit(1);
    const bus = new Signal<object, unknown>({});
    made.listen({ stream: bus });
    emit(2);
    hello(bus, 2);
    bus.emit({ schema_id: SCHEMA, ...change(3) });
    expect(told).toEqual(['changed 1', 'stale', 'changed 3']);
  });

  it('ignores events of others, and malformed ones', () => {
    const { told, bus } = events();
    bus.emit({ schema_id: 'https://events.jupyter.org/other', seq: 1 });
    bus.emit({ schema_id: SCHEMA, seq: 'one' });
    bus.emit(null);
    expect(told).toEqual([]);
  });

  it('is silent once disposed', () => {
    const { emit, told, events: made } = events();
    made.dispose();
    emit(1);
    expect(told).toEqual([]);
  });
});
