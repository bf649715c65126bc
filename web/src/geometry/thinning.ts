/** Levels of room, half an octave apart; what still has none at the last one is listed after it. */
export const LEVELS = 32;

/** Rows that may be drawn large, in an order whose every part up to a level is well spread. */
export interface Thinned {
  /** Rows of level 0, then of level 1, and so on; by row within each. */
  readonly order: Uint32Array;
  /** How many rows of `order` belong to levels 0 to l; the last entry counts all. */
  readonly stops: Uint32Array;
  /** Data units between the rows up to level 0; `2 ** (-l / 2)` as much up to level l. */
  readonly widest: number;
  /** Room in data units that half of the rows have: how crowded the map is. */
  readonly typical: number;
}

const ROWS_A_TURN = 8192;
/** Of the extent of the map, between rows of level 0: fewer rows than that need no thinning. */
const FIRST_PART = 2;

/** Data units between the rows up to a level, along the longer side of what is drawn. */
export function roomOf(thinned: Thinned, level: number): number {
  return thinned.widest * 2 ** (-level / 2);
}

/**
 * Gives every row the widest room at which nothing drawn before it is in its way. Rows come in
 * their order, so a prefix of them, which is a fair sample, goes first; levels nest, so coming
 * closer only ever adds rows, and moving sideways changes nothing. `usable` says which rows count;
 * `sides` are the width and height of the boxes as parts of their longer side. Gives way after
 * every few thousand rows, because a million rows take seconds.
 */
export function* thin(
  coordinates: Float32Array,
  dimensions: 2 | 3,
  usable: (row: number) => boolean,
  sides: readonly [number, number] = [1, 1],
): Generator<void, Thinned> {
  const total = Math.floor(coordinates.length / dimensions);
  const rows = new Uint32Array(total);
  let count = 0;
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (let row = 0; row < total; row++) {
    if (!usable(row)) continue;
    let finite = true;
    for (let d = 0; d < dimensions; d++) {
      if (!Number.isFinite(coordinates[row * dimensions + d]!)) finite = false;
    }
    if (!finite) continue;
    for (let d = 0; d < dimensions; d++) {
      const value = coordinates[row * dimensions + d]!;
      if (value < low[d]!) low[d] = value;
      if (value > high[d]!) high[d] = value;
    }
    rows[count++] = row;
  }
  let extent = 0;
  for (let d = 0; d < dimensions; d++) extent = Math.max(extent, high[d]! - low[d]!);
  const widest = (extent > 0 ? extent : 1) / FIRST_PART;

  const order = new Uint32Array(count);
  const stops = new Uint32Array(LEVELS + 1);
  let pending = rows.subarray(0, count);
  let admitted = 0;
  const grid = new Grid(coordinates, dimensions, low, count);
  let looked = 0;
  for (let level = 0; level < LEVELS; level++) {
    // In space a thumbnail is seen from all sides.
    const [across, up] = dimensions === 3 ? [1, 1] : sides;
    grid.start(widest * 2 ** (-level / 2), across, up);
    for (let i = 0; i < admitted; i++) grid.add(order[i]!);
    let left = 0;
    for (const row of pending) {
      if (grid.isTaken(row)) pending[left++] = row;
      else {
        grid.add(row);
        order[admitted++] = row;
      }
      if (++looked % ROWS_A_TURN === 0) yield;
    }
    pending = pending.subarray(0, left);
    stops[level] = admitted;
    if (left === 0) {
      stops.fill(admitted, level);
      break;
    }
  }
  order.set(pending, admitted);
  stops[LEVELS] = count;
  return { order, stops, widest, typical: typicalRoom(stops, widest) };
}

function typicalRoom(stops: Uint32Array, widest: number): number {
  const half = stops[LEVELS]! / 2;
  const level = stops.findIndex((stop) => stop >= half);
  return widest * 2 ** (-Math.max(level, 0) / 2);
}

/** Cells as large as the room that is asked for: each can hold one row only. */
class Grid {
  private readonly slots: Int32Array;
  private readonly mask: number;
  private readonly size = [1, 1, 1];

  constructor(
    private readonly coordinates: Float32Array,
    private readonly dimensions: 2 | 3,
    private readonly low: readonly number[],
    rows: number,
  ) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(16, 2 * rows)));
    this.slots = new Int32Array(slots);
    this.mask = slots - 1;
  }

  start(room: number, across: number, up: number): void {
    this.slots.fill(0);
    this.size[0] = room * across;
    this.size[1] = room * up;
    this.size[2] = room;
  }

  add(row: number): void {
    let slot = this.slotOf(this.cell(row, 0), this.cell(row, 1), this.cell(row, 2));
    while (this.slots[slot] !== 0) slot = (slot + 1) & this.mask;
    this.slots[slot] = row + 1;
  }

  /** Whether a row that is already there overlaps this one. */
  isTaken(row: number): boolean {
    const [x, y, z] = [this.cell(row, 0), this.cell(row, 1), this.cell(row, 2)];
    if (this.meets(row, x, y, z)) return true;
    const deep = this.dimensions === 3 ? 1 : 0;
    for (let dz = -deep; dz <= deep; dz++) {
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          if (dx === 0 && dy === 0 && dz === 0) continue;
          if (this.meets(row, x + dx, y + dy, z + dz)) return true;
        }
      }
    }
    return false;
  }

  private meets(row: number, x: number, y: number, z: number): boolean {
    let slot = this.slotOf(x, y, z);
    for (let held = this.slots[slot]!; held !== 0; held = this.slots[slot]!) {
      const other = held - 1;
      // A slot may hold a row of another cell; that one may overlap just as well.
      if (this.overlap(row, other)) return true;
      slot = (slot + 1) & this.mask;
    }
    return false;
  }

  private overlap(a: number, b: number): boolean {
    const { coordinates, dimensions, size } = this;
    for (let d = 0; d < dimensions; d++) {
      const gap = coordinates[a * dimensions + d]! - coordinates[b * dimensions + d]!;
      if (Math.abs(gap) >= size[d]!) return false;
    }
    return true;
  }

  private cell(row: number, d: number): number {
    if (d >= this.dimensions) return 0;
    const away = this.coordinates[row * this.dimensions + d]! - this.low[d]!;
    return Math.floor(away / this.size[d]!);
  }

  private slotOf(x: number, y: number, z: number): number {
    const mixed =
      Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca6b) ^ Math.imul(z + 1, 0xc2b2ae35);
    return (mixed ^ (mixed >>> 15)) & this.mask;
  }
}
