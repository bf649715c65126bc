/**
 * The rows that moved farthest between two places, the farthest first, at most `most` of them.
 * Rows that are missing at either end, and those that `left` leaves out, do not count.
 */
export function strongestMovers(
  from: Float32Array,
  to: Float32Array,
  dimensions: 2 | 3,
  rows: Uint32Array | null,
  most: number,
  left: (row: number) => boolean = () => false,
): Uint32Array {
  const total = rows?.length ?? Math.min(from.length, to.length) / dimensions;
  const moved: { row: number; way: number }[] = [];
  for (let i = 0; i < total; i++) {
    const row = rows?.[i] ?? i;
    let way = 0;
    for (let d = 0; d < dimensions; d++) {
      way += (to[row * dimensions + d]! - from[row * dimensions + d]!) ** 2;
    }
    if (Number.isFinite(way) && !left(row)) moved.push({ row, way });
  }
  moved.sort((a, b) => b.way - a.way || a.row - b.row);
  return Uint32Array.from(moved.slice(0, most), ({ row }) => row);
}
