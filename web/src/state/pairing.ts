import { RowSet } from "./row_set.js";

/** The number that stands for an item that the other run does not have. */
export const NO_PARTNER = 0xffffffff;

/** Which rows of two maps are the same item: rows of one run, or of two runs joined by id. */
export class Pairing {
  private inverse: Uint32Array | null = null;

  /** `partners` has for each row of the main map the row beside it; null where all are the same. */
  constructor(
    readonly nMain: number,
    readonly nBeside: number,
    private readonly partners: Uint32Array | null,
  ) {}

  /** Two maps of the same rows. */
  static same(n: number): Pairing {
    return new Pairing(n, n, null);
  }

  get isSame(): boolean {
    return this.partners === null;
  }

  /** Items that both have. */
  get shared(): number {
    if (this.partners === null) return this.nMain;
    let count = 0;
    for (const row of this.partners) if (row !== NO_PARTNER) count++;
    return count;
  }

  /** The row beside a row of the main map; null where that item is missing. */
  beside(row: number): number | null {
    return this.partners === null ? row : known(this.partners[row]);
  }

  /** The row of the main map that a row beside it is; null where that item is missing. */
  main(row: number): number | null {
    return this.partners === null ? row : known(this.back()[row]);
  }

  setBeside(rows: RowSet): RowSet {
    if (this.partners === null) return rows;
    return RowSet.of(this.nBeside, present(rows.rows, this.partners));
  }

  setMain(rows: RowSet): RowSet {
    if (this.partners === null) return rows;
    return RowSet.of(this.nMain, present(rows.rows, this.back()));
  }

  /** Values of the rows beside, as the main map orders them; nan where an item is missing. */
  inMainOrder(values: Float32Array, width: number): Float32Array {
    if (this.partners === null) return values;
    const ordered = new Float32Array(this.nMain * width).fill(Number.NaN);
    this.partners.forEach((row, main) => {
      if (row === NO_PARTNER) return;
      for (let d = 0; d < width; d++) ordered[main * width + d] = values[row * width + d]!;
    });
    return ordered;
  }

  private back(): Uint32Array {
    if (this.inverse === null) {
      this.inverse = new Uint32Array(this.nBeside).fill(NO_PARTNER);
      this.partners?.forEach((row, main) => {
        if (row !== NO_PARTNER) this.inverse![row] = main;
      });
    }
    return this.inverse;
  }
}

function known(row: number | undefined): number | null {
  return row === undefined || row === NO_PARTNER ? null : row;
}

function present(rows: Uint32Array, partners: Uint32Array): number[] {
  const found: number[] = [];
  for (const row of rows) {
    const partner = partners[row];
    if (partner !== undefined && partner !== NO_PARTNER) found.push(partner);
  }
  return found;
}
