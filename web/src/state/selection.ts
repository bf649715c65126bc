import { RowSet } from "./row_set.js";
import { History } from "./history.js";
import { signal, type Signal } from "./signal.js";

/** How new rows meet the rows already selected. */
export type SelectMode = "replace" | "add" | "subtract";

/** The mode that the modifier keys of an event ask for. */
export function modeOf(event: { shiftKey: boolean; altKey: boolean }): SelectMode {
  if (event.shiftKey) return "add";
  return event.altKey ? "subtract" : "replace";
}

/** The selected rows, with undo. */
export class Selection {
  private readonly current = signal(new RowSet(0));
  private readonly counted = signal(0);
  readonly history = new History<RowSet>();

  /** The selected rows; a new object after every change. */
  get rows(): Signal<RowSet> {
    return this.current;
  }

  get count(): Signal<number> {
    return this.counted;
  }

  /** Starts anew for a table of `size` rows. */
  reset(size: number): void {
    this.history.clear();
    this.show(new RowSet(size));
  }

  apply(rows: RowSet, mode: SelectMode = "replace"): void {
    const old = this.current.value;
    if (mode === "add") this.change(old.union(rows));
    else if (mode === "subtract") this.change(old.minus(rows));
    else this.change(rows);
  }

  /** Selects one row, or changes whether it is selected. */
  pick(row: number, mode: SelectMode = "replace"): void {
    const one = RowSet.of(this.current.value.size, [row]);
    // Shift-click on a selected row takes it out: the only click that could mean it.
    const toggles = mode === "add" && this.current.value.has(row);
    this.apply(one, toggles ? "subtract" : mode);
  }

  /** Selects what was not selected, among the rows that `visible` has. */
  invert(visible: RowSet): void {
    this.change(visible.minus(this.current.value));
  }

  clear(): void {
    this.change(new RowSet(this.current.value.size));
  }

  undo(): void {
    this.restore(this.history.undo(this.current.value));
  }

  redo(): void {
    this.restore(this.history.redo(this.current.value));
  }

  private change(rows: RowSet): void {
    if (rows.equals(this.current.value)) return;
    this.history.push(this.current.value);
    this.show(rows);
  }

  private restore(rows: RowSet | undefined): void {
    if (rows !== undefined) this.show(rows);
  }

  protected show(rows: RowSet): void {
    this.counted.set(rows.count);
    this.current.set(rows);
  }
}
