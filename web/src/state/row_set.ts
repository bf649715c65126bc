import {
  bitsetOf,
  countRows,
  emptyBitset,
  hasRow,
  rowsOf,
  type Bitset,
} from "../geometry/bitset.js";

/** A set of rows of a table of `size` rows, one bit each. Never changed once made. */
export class RowSet {
  constructor(
    readonly size: number,
    readonly bits: Bitset = emptyBitset(size),
  ) {}

  static of(size: number, rows: Iterable<number>): RowSet {
    return new RowSet(size, bitsetOf([...rows].filter(inside(size)), size));
  }

  /** The rows for which `test` holds. */
  static where(size: number, test: (row: number) => boolean): RowSet {
    const bits = emptyBitset(size);
    for (let row = 0; row < size; row++) if (test(row)) bits[row >> 3]! |= 1 << (row & 7);
    return new RowSet(size, bits);
  }

  static all(size: number): RowSet {
    return new RowSet(size).invert();
  }

  has(row: number): boolean {
    return hasRow(this.bits, row);
  }

  get count(): number {
    return countRows(this.bits);
  }

  get empty(): boolean {
    return this.bits.every((byte) => byte === 0);
  }

  /** The rows, rising. */
  get rows(): Uint32Array {
    return rowsOf(this.bits);
  }

  union(other: RowSet): RowSet {
    return this.combine(other, (a, b) => a | b);
  }

  intersect(other: RowSet): RowSet {
    return this.combine(other, (a, b) => a & b);
  }

  minus(other: RowSet): RowSet {
    return this.combine(other, (a, b) => a & ~b);
  }

  invert(): RowSet {
    const bits = this.bits.map((byte) => ~byte);
    // Bits past the last row stay clear, so that counts stay true.
    if ((this.size & 7) !== 0) bits[bits.length - 1]! &= (1 << (this.size & 7)) - 1;
    return new RowSet(this.size, bits);
  }

  equals(other: RowSet): boolean {
    return this.size === other.size && this.bits.every((byte, i) => byte === other.bits[i]);
  }

  /** The same rows in a table that has grown or shrunk to `size`. */
  resized(size: number): RowSet {
    return size === this.size ? this : RowSet.of(size, this.rows);
  }

  private combine(other: RowSet, join: (a: number, b: number) => number): RowSet {
    if (other.size !== this.size) {
      throw new RangeError(`Sets of ${this.size} and ${other.size} rows cannot be combined.`);
    }
    return new RowSet(
      this.size,
      this.bits.map((byte, i) => join(byte, other.bits[i]!)),
    );
  }
}

function inside(size: number): (row: number) => boolean {
  return (row) => row >= 0 && row < size;
}
