import type { Pairing } from "./pairing.js";
import { RowSet } from "./row_set.js";
import { Selection, type SelectMode } from "./selection.js";

/**
 * The selection as a map beside the main one shows it. There is one selection, with one history:
 * what is chosen here is chosen there, item by item.
 */
export class LinkedSelection extends Selection {
  constructor(
    private readonly main: Selection,
    private readonly pairing: () => Pairing | null,
  ) {
    super();
  }

  /** Shows what is selected in the main map. */
  follow(): void {
    const pairing = this.pairing();
    const rows = this.main.rows.value;
    if (pairing === null) return this.show(new RowSet(this.rows.value.size));
    if (rows.size !== pairing.nMain) return;
    const shown = pairing.setBeside(rows);
    if (!shown.equals(this.rows.value)) this.show(shown);
  }

  override apply(rows: RowSet, mode: SelectMode = "replace"): void {
    const pairing = this.pairing();
    if (pairing !== null) this.main.apply(pairing.setMain(rows), mode);
  }

  override pick(row: number, mode: SelectMode = "replace"): void {
    const main = this.pairing()?.main(row) ?? null;
    if (main !== null) this.main.pick(main, mode);
  }

  override invert(visible: RowSet): void {
    const pairing = this.pairing();
    if (pairing !== null) this.main.invert(pairing.setMain(visible));
  }

  override clear(): void {
    this.main.clear();
  }

  override undo(): void {
    this.main.undo();
  }

  override redo(): void {
    this.main.redo();
  }
}
