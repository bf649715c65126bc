/** What a small picture of a map is made from. */
export interface SmallPicture {
  /** x, y of each row; nan where it is missing. */
  points: Float32Array;
  /** Four bytes a row; null draws all in `plain`. */
  colors: Uint8Array | null;
  plain: readonly [number, number, number];
  hidden: (row: number) => boolean;
  /** Rows that stand out; null when none do. */
  chosen: ((row: number) => boolean) | null;
}

const MARGIN = 0.06;
const FAINT = 0.28;

/** Draws points into the bytes of a picture, as large as they fit; unselected ones faint. */
export function paintSmall(
  bytes: Uint8ClampedArray,
  width: number,
  height: number,
  { points, colors, plain, hidden, chosen }: SmallPicture,
): void {
  bytes.fill(0);
  const place = placing(points, width, height);
  const rows = points.length / 2;
  const dot = rows > 3000 ? 1 : 2;
  const passes = chosen === null ? [null] : [false, true];
  for (const pass of passes) {
    for (let row = 0; row < rows; row++) {
      if (hidden(row) || (pass !== null && chosen!(row) !== pass)) continue;
      const x = Math.round(place.x(points[2 * row]!) - dot / 2);
      const y = Math.round(place.y(points[2 * row + 1]!) - dot / 2);
      if (!(x >= 0 && y >= 0 && x + dot <= width && y + dot <= height)) continue;
      const from = colors === null ? plain : colors.subarray(4 * row, 4 * row + 3);
      const alpha = pass === false ? 255 * FAINT : 235;
      for (let dy = 0; dy < dot; dy++) {
        for (let dx = 0; dx < dot; dx++) {
          const at = 4 * ((y + dy) * width + x + dx);
          bytes[at] = from[0]!;
          bytes[at + 1] = from[1]!;
          bytes[at + 2] = from[2]!;
          bytes[at + 3] = alpha;
        }
      }
    }
  }
}

/** Brings the points into the picture, without stretching them; y grows upwards. */
function placing(points: Float32Array, width: number, height: number) {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i + 1 < points.length; i += 2) {
    const [x, y] = [points[i]!, points[i + 1]!];
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < low) low = y;
    if (y > high) high = y;
  }
  const room = 1 - 2 * MARGIN;
  const scale = Math.min(
    (width * room) / Math.max(right - left, 1e-12),
    (height * room) / Math.max(high - low, 1e-12),
  );
  const [cx, cy] = [(left + right) / 2, (low + high) / 2];
  return {
    x: (value: number) => width / 2 + (value - cx) * scale,
    y: (value: number) => height / 2 - (value - cy) * scale,
  };
}
