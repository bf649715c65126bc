/** One bit per row, the lowest bit of each byte first: a million rows in 125 KB. */
export type Bitset = Uint8Array<ArrayBuffer>;

/** A bitset of `length` rows, none of them in it. */
export function emptyBitset(length: number): Bitset {
  return new Uint8Array((length + 7) >> 3);
}

/** The bitset of `length` rows that holds exactly the given ones. */
export function bitsetOf(rows: Iterable<number>, length: number): Bitset {
  const bits = emptyBitset(length);
  for (const row of rows) bits[row >> 3]! |= 1 << (row & 7);
  return bits;
}

/** Whether a row is in the bitset. */
export function hasRow(bits: Bitset, row: number): boolean {
  return ((bits[row >> 3] ?? 0) & (1 << (row & 7))) !== 0;
}

/** How many rows are in the bitset. */
export function countRows(bits: Bitset): number {
  let count = 0;
  for (const byte of bits) {
    // Adds neighbouring bits, then pairs, then nibbles.
    let pairs = byte - ((byte >> 1) & 0x55);
    pairs = (pairs & 0x33) + ((pairs >> 2) & 0x33);
    count += (pairs + (pairs >> 4)) & 0x0f;
  }
  return count;
}

/** The rows in the bitset, rising. */
export function rowsOf(bits: Bitset): Uint32Array<ArrayBuffer> {
  const rows = new Uint32Array(countRows(bits));
  let next = 0;
  for (let index = 0; index < bits.length; index++) {
    for (let byte = bits[index]!; byte !== 0; byte &= byte - 1) {
      // The lowest set bit: 31 minus the zeros above it.
      rows[next++] = (index << 3) + (31 - Math.clz32(byte & -byte));
    }
  }
  return rows;
}
