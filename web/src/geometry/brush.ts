const SIDES = 12;

/**
 * A polygon around everything that a disc of a radius passes on its way along (x, y) points.
 * It is the capsules of all stretches, each the same way round and joined by lines that are
 * walked twice, so that its winding number is above zero exactly where the disc has been.
 */
export function sweptArea(path: readonly number[], radius: number): Float32Array {
  const points: number[] = [];
  const anchors: [number, number][] = [];
  const capsule = (x0: number, y0: number, x1: number, y1: number) => {
    const angle = Math.atan2(y1 - y0, x1 - x0);
    const first = points.length;
    for (const [x, y, from] of [
      [x1, y1, angle - Math.PI / 2],
      [x0, y0, angle + Math.PI / 2],
    ] as const) {
      for (let i = 0; i <= SIDES; i++) {
        const at = from + (Math.PI * i) / SIDES;
        points.push(x + radius * Math.cos(at), y + radius * Math.sin(at));
      }
    }
    anchors.push([points[first]!, points[first + 1]!]);
    points.push(points[first]!, points[first + 1]!);
  };
  if (path.length === 2) capsule(path[0]!, path[1]!, path[0]!, path[1]!);
  for (let i = 2; i < path.length; i += 2) {
    capsule(path[i - 2]!, path[i - 1]!, path[i]!, path[i + 1]!);
  }
  for (const [x, y] of anchors.reverse()) points.push(x, y);
  return Float32Array.from(points);
}
