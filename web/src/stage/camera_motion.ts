import { Camera, type CameraState } from "../geometry/camera.js";
import { easeInOut } from "../geometry/interpolate.js";
import { slerp } from "../geometry/rotation.js";

const MILLISECONDS = 200;

/** A camera on its way to another place. */
export class CameraMotion {
  private started: number | null = null;

  constructor(
    private readonly from: Camera,
    readonly to: Camera,
  ) {}

  /** The camera at a time in milliseconds; the first call is the start. */
  at(now: number): { camera: Camera; done: boolean } {
    this.started ??= now;
    const t = (now - this.started) / MILLISECONDS;
    if (t >= 1) return { camera: this.to, done: true };
    return { camera: between(this.from.state, this.to.state, easeInOut(t)), done: false };
  }
}

function between(a: CameraState, b: CameraState, t: number): Camera {
  const mix = (x: number, y: number) => x + (y - x) * t;
  // Zooming is felt as a ratio, so half of the way is the geometric mean.
  const zoom = (x: number, y: number) => x * (y / x) ** t;
  return new Camera({
    bounds: b.bounds,
    planar: {
      x: mix(a.planar.x, b.planar.x),
      y: mix(a.planar.y, b.planar.y),
      halfHeight: zoom(a.planar.halfHeight, b.planar.halfHeight),
    },
    spatial: {
      target: [
        mix(a.spatial.target[0], b.spatial.target[0]),
        mix(a.spatial.target[1], b.spatial.target[1]),
        mix(a.spatial.target[2], b.spatial.target[2]),
      ],
      halfHeight: zoom(a.spatial.halfHeight, b.spatial.halfHeight),
      rotation: slerp(a.spatial.rotation, b.spatial.rotation, t),
    },
  });
}

const PARTS = 11;

/** A camera as short text for the address; five digits are finer than a pixel. */
export function encodeCamera({ state: { planar, spatial } }: Camera): string {
  const numbers = [
    planar.x,
    planar.y,
    planar.halfHeight,
    ...spatial.target,
    spatial.halfHeight,
    ...spatial.rotation,
  ];
  return numbers.map((value) => String(Number(value.toPrecision(5)))).join(",");
}

/** The camera that `encodeCamera` wrote, over the bounds of `like`; null if it makes no sense. */
export function decodeCamera(text: string, like: Camera): Camera | null {
  const n = text.split(",").map(Number);
  const sizes = [n[2], n[6]];
  if (n.length !== PARTS || !n.every(Number.isFinite) || !sizes.every((size) => size! > 0)) {
    return null;
  }
  return new Camera({
    bounds: like.state.bounds,
    planar: { x: n[0]!, y: n[1]!, halfHeight: n[2]! },
    spatial: {
      target: [n[3]!, n[4]!, n[5]!],
      halfHeight: n[6]!,
      rotation: [n[7]!, n[8]!, n[9]!, n[10]!],
    },
  });
}
