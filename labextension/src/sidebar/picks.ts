/** Which rows are selected, as lists of files do it: by id, for rows move. Pure. */

export interface IPicks {
  readonly ids: readonly string[];
  /** Where a range begins. */
  readonly anchor: string | null;
}

export const NONE: IPicks = { ids: [], anchor: null };

/** What a range needs of a list. */
export interface IOrder {
  row(index: number): { id: string } | undefined;
  indexOf(id: string): number;
}

export function only(id: string): IPicks {
  return { ids: [id], anchor: id };
}

/** One more, or one less; the next range begins here. */
export function toggled({ ids }: IPicks, id: string): IPicks {
  const rest = ids.filter(known => known !== id);
  return { ids: rest.length < ids.length ? rest : [...ids, id], anchor: id };
}

/** From the anchor to this row, and nothing else; rows that are not loaded are not in it. */
export function extended(picks: IPicks, to: number, order: IOrder): IPicks {
  const from = picks.anchor === null ? -1 : order.indexOf(picks.anchor);
  const start = from < 0 ? to : from;
  const ids: string[] = [];
  for (let at = Math.min(start, to); at <= Math.max(start, to); at++) {
    const row = order.row(at);
    if (row) {
      ids.push(row.id);
    }
  }
  return { ids, anchor: order.row(start)?.id ?? null };
}

/** Without a row that is gone. */
export function without(picks: IPicks, id: string): IPicks {
  return picks.ids.includes(id)
    ? {
        ids: picks.ids.filter(known => known !== id),
        anchor: picks.anchor === id ? null : picks.anchor
      }
    : picks;
}
