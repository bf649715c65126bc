import type { Client } from "../data/client.js";
import type { Knowing, TableRows } from "../data/knowing.js";
import { Cache } from "../data/cache.js";
import type { ColumnData } from "../data/columns.js";
import type { ColumnInfo } from "../data/types.js";
import { naturally } from "../geometry/color_scale.js";
import { RowSet } from "./row_set.js";
import { onChange, signal, type Signal, type WritableSignal } from "./signal.js";
import type { ViewerState } from "./viewer_state.js";

export type DrawerTab = "table" | "gallery" | "columns";

/** By which column the rows are ordered; null for the canonical order. */
export interface Sorting {
  column: string;
  falling: boolean;
}

/** What one line of the table says. */
export interface Line {
  id: string | number;
  /** Values in the order of the columns. */
  cells: readonly unknown[];
}

const BLOCK = 100;
const KEPT_BLOCKS = 60;
const MOST_COLUMNS = 32;
const SORTABLE: ReadonlySet<string> = new Set(["number", "date", "categorical", "boolean"]);

/** The drawer at the bottom: rows of the selection, or of all that is shown, and their values. */
export class Table {
  readonly open = signal(false);
  readonly tab: WritableSignal<DrawerTab> = signal<DrawerTab>("table");
  readonly sorting: WritableSignal<Sorting | null> = signal<Sorting | null>(null);
  private readonly blocks = new Cache<Promise<TableRows>>(KEPT_BLOCKS);
  private readonly ordered = signal<Uint32Array>(new Uint32Array(0));
  private readonly failed = signal<string | null>(null);
  private ticket = 0;

  constructor(
    /** Where columns come from that are kept whole. */
    readonly source: Client,
    private readonly knowing: Knowing,
    private readonly state: ViewerState,
  ) {
    const { run, selection, filter } = state;
    onChange([run], () => this.sorting.set(null));
    onChange([run, selection.rows, filter.hidden, this.sorting, this.open], () => {
      void this.order();
    });
  }

  /** Rows in the order in which they are listed. */
  get rows(): Signal<Uint32Array> {
    return this.ordered;
  }

  get failure(): Signal<string | null> {
    return this.failed;
  }

  /** The first columns of the run; a table of hundreds would be no table. */
  columnsOf(columns: readonly ColumnInfo[]): readonly ColumnInfo[] {
    return columns.slice(0, MOST_COLUMNS);
  }

  /** Whether ordering by a column needs no more than what the page has. */
  canSort(info: ColumnInfo): boolean {
    return SORTABLE.has(info.kind);
  }

  /** Rising, falling, and back to the canonical order. */
  sortBy(column: string): void {
    const now = this.sorting.value;
    if (now?.column !== column) this.sorting.set({ column, falling: false });
    else this.sorting.set(now.falling ? null : { column, falling: true });
  }

  /** The lines from `start` to `stop` and some around them, by their place in the list. */
  async lines(start: number, stop: number): Promise<Map<number, Line>> {
    const run = this.state.run.value;
    const order = this.ordered.value;
    const found = new Map<number, Line>();
    if (run === null || order.length === 0) return found;
    const names = this.columnsOf(run.columns).map((info) => info.name);
    const first = Math.floor(start / BLOCK);
    const last = Math.floor(Math.max(start, Math.min(stop, order.length) - 1) / BLOCK);
    const blocks = await Promise.all(
      Array.from({ length: last - first + 1 }, (_, i) => {
        const line = (first + i) * BLOCK;
        const rows = [...order.subarray(line, line + BLOCK)];
        const key = `${run.name}\n${run.order}\n${run.revision}\n${rows.join()}`;
        let asked = this.blocks.get(key);
        if (asked === undefined) {
          asked = this.knowing.table(run.name, rows, names);
          this.blocks.set(key, asked, 1);
          // A failure must not be remembered as the answer.
          asked.catch(() => this.blocks.delete(key));
        }
        return asked;
      }),
    );
    blocks.forEach((part, i) =>
      part.ids.forEach((id, at) =>
        found.set((first + i) * BLOCK + at, {
          id,
          cells: names.map((name) => part.values[name]?.[at]),
        }),
      ),
    );
    return found;
  }

  private async order(): Promise<void> {
    const ticket = ++this.ticket;
    const { run, selection, filter } = this.state;
    if (run.value === null || !this.open.value) return;
    const all = selection.count.value > 0 ? selection.rows.value : RowSet.all(run.value.n_items);
    const rows = (selection.count.value > 0 ? all : filter.visible(all)).rows;
    const sorting = this.sorting.value;
    const info = run.value.columns.find((one) => one.name === sorting?.column);
    if (sorting === null || info === undefined) return this.ordered.set(rows);
    try {
      const data = await this.source.column(run.value.name, run.value.order, info);
      if (ticket !== this.ticket) return;
      this.failed.set(null);
      this.ordered.set(sorted(rows, sortKeys(info, data), sorting.falling));
    } catch (error) {
      if (ticket === this.ticket) this.failed.set(String((error as Error).message));
    }
  }
}

/** A number per row that orders rows as the values of a column do; nan where it is missing. */
export function sortKeys(info: ColumnInfo, data: ColumnData): Float64Array {
  switch (data.kind) {
    case "number":
    case "date":
      return Float64Array.from(data.values);
    case "boolean":
      return Float64Array.from(data.codes, (code) => (code > 1 ? Number.NaN : code));
    case "categorical": {
      const names = (info.categories ?? []).map((one) => one.name);
      const byName = names.map((_, i) => i).sort((a, b) => naturally(names[a]!, names[b]!));
      const place = new Float64Array(names.length);
      byName.forEach((code, i) => (place[code] = i));
      return Float64Array.from(data.codes, (code) => place[code] ?? Number.NaN);
    }
    default:
      throw new TypeError(`Rows cannot be ordered by a column of kind "${info.kind}".`);
  }
}

/** Rows by rising or falling key; equals keep their order, and what is missing comes last. */
export function sorted(rows: Uint32Array, keys: Float64Array, falling: boolean): Uint32Array {
  const sign = falling ? -1 : 1;
  return rows.slice().sort((a, b) => {
    const [x, y] = [keys[a]!, keys[b]!];
    if (Number.isNaN(x) || Number.isNaN(y)) {
      return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
    }
    return sign * (x - y) || a - b;
  });
}
