import { type Bounds, type Frame, UNIT_FRAME, frameOf } from "./bounds.js";
import {
  IDENTITY,
  type Quaternion,
  type Vector3,
  compose,
  rotationAround,
  rotationMatrix,
  slerp,
} from "./rotation.js";

/** Which of the two stored fits: the 2D one or the 3D one. */
export type Fit = "planar" | "spatial";

/** The size of the map on screen, in CSS pixels. */
export interface Viewport {
  readonly width: number;
  readonly height: number;
}

/** A place on screen, in CSS pixels from the top left corner. */
export interface ScreenPoint {
  readonly x: number;
  readonly y: number;
  /** How much larger than at the camera's target things look here; negative behind the camera. */
  readonly scale: number;
}

/** Everything a camera is, as plain data that a URL or a file can keep. */
export interface CameraState {
  readonly bounds: { readonly planar?: Bounds; readonly spatial?: Bounds };
  readonly planar: { readonly x: number; readonly y: number; readonly halfHeight: number };
  readonly spatial: {
    readonly target: Vector3;
    readonly halfHeight: number;
    readonly rotation: Quaternion;
  };
}

/** What the shaders and the lasso need to place a point. */
export interface CameraUniforms {
  /** World to clip space, column by column; orthographic at depth 0, perspective at depth 1. */
  readonly matrix: Float32Array;
  readonly planarFrame: Frame;
  readonly spatialFrame: Frame;
  /** CSS pixels to one world unit, at the camera's target. */
  readonly pixelsPerUnit: number;
}

const HALF_ANGLE = (20 * Math.PI) / 180;
const MARGIN = 1.08;
// Beyond this zoom a float32 position has fewer digits than the screen has pixels.
const CLOSEST = 2e-5;
const FARTHEST = 50;
const STEEPEST = (89 * Math.PI) / 180;
/** A first look at 3D that shows its depth: from the right and a little from above. */
const FIRST_LOOK = compose(rotationAround([1, 0, 0], 0.38), rotationAround([0, 1, 0], -0.5));

/**
 * One camera over both fits. It keeps a place for the 2D fit and another for the 3D fit, and
 * `depth` (0 to 1) blends the two, so that 2D to 3D is a movement and going back returns.
 * Cameras are values: every movement answers a new one.
 */
export class Camera {
  readonly state: CameraState;
  readonly frames: { readonly planar: Frame; readonly spatial: Frame };

  constructor(state: CameraState) {
    this.state = state;
    const { planar, spatial } = state.bounds;
    this.frames = {
      planar: planar ? frameOf(planar) : UNIT_FRAME,
      spatial: spatial ? frameOf(spatial) : UNIT_FRAME,
    };
  }

  /** A camera that sees all of both fits. Bounds are those of the whole sequence of snapshots. */
  static around(bounds: { planar?: Bounds; spatial?: Bounds }, viewport: Viewport): Camera {
    const camera = new Camera({
      bounds,
      planar: { x: 0, y: 0, halfHeight: 1 },
      spatial: { target: [0, 0, 0], halfHeight: 1, rotation: FIRST_LOOK },
    });
    return camera.reset(viewport);
  }

  /** The same camera over other bounds, for a run that grew: what is on screen stays there. */
  withBounds(bounds: { planar?: Bounds; spatial?: Bounds }): Camera {
    const { planar, spatial } = this.state;
    const next = new Camera({ ...this.state, bounds });
    const flat = carry([planar.x, planar.y, 0], this.frames.planar, next.frames.planar);
    const deep = carry(spatial.target, this.frames.spatial, next.frames.spatial);
    const zoomOf = (fit: Fit) => next.frames[fit].scale / this.frames[fit].scale;
    return next.with({
      planar: { x: flat[0], y: flat[1], halfHeight: planar.halfHeight * zoomOf("planar") },
      spatial: { ...spatial, target: deep, halfHeight: spatial.halfHeight * zoomOf("spatial") },
    });
  }

  /** Sees all of both fits again, from the first side. */
  reset(viewport: Viewport): Camera {
    const start = this.with({ spatial: { ...this.state.spatial, rotation: FIRST_LOOK } });
    const { planar, spatial } = this.state.bounds;
    const flat = planar ? start.fit(planar, "planar", viewport) : start;
    return spatial ? flat.fit(spatial, "spatial", viewport) : flat;
  }

  /** Brings bounds, in the units of that fit, into full view; keeps the direction of sight. */
  fit(bounds: Bounds, fit: Fit, viewport: Viewport): Camera {
    const aspect = viewport.width / viewport.height;
    const frame = this.frames[fit];
    const middle = bounds.low.map((low, d) => (low + bounds.high[d]!) / 2);
    const [x, y, z] = toWorld(middle, frame);
    const half = bounds.low.map((low, d) => ((bounds.high[d]! - low) / 2) * frame.scale);
    if (fit === "planar") {
      const halfHeight = held(Math.max(half[1]!, half[0]! / aspect) * MARGIN || MARGIN);
      return this.with({ planar: { x, y, halfHeight } });
    }
    const r = rotationMatrix(this.state.spatial.rotation);
    // Of the ball inside the box rather than its corners, which data hardly ever reach.
    const extent = (axis: number) => Math.hypot(...half.map((size, d) => r[axis * 3 + d]! * size));
    // The near side looks larger: it is nearer by its depth.
    const nearer = 0.5 * extent(2) * Math.tan(HALF_ANGLE);
    const halfHeight = Math.max(extent(1), extent(0) / aspect) + nearer;
    return this.with({
      spatial: {
        ...this.state.spatial,
        target: [x, y, z],
        halfHeight: held(halfHeight * MARGIN || MARGIN),
      },
    });
  }

  /** Moves the map with a pointer that moved by (dx, dy) pixels. */
  pan(dx: number, dy: number, viewport: Viewport, depth: number): Camera {
    if (depth < 0.5) {
      const { x, y, halfHeight } = this.state.planar;
      const unit = (2 * halfHeight) / viewport.height;
      return this.with({ planar: { x: x - dx * unit, y: y + dy * unit, halfHeight } });
    }
    const { target, halfHeight, rotation } = this.state.spatial;
    const unit = (2 * halfHeight) / viewport.height;
    const r = rotationMatrix(rotation);
    // Rows of the matrix are the screen's right and up, in the world.
    const moved = target.map((value, d) => value - dx * unit * r[d]! + dy * unit * r[3 + d]!);
    return this.with({ spatial: { ...this.state.spatial, target: asVector(moved) } });
  }

  /** Zooms by a factor (above 1: closer) and keeps what is under the screen point (x, y) there. */
  zoom(factor: number, x: number, y: number, viewport: Viewport, depth: number): Camera {
    const now = depth < 0.5 ? this.state.planar : this.state.spatial;
    const halfHeight = held(now.halfHeight / factor);
    // Panning by the part of the offset that the zoom removes puts the point back.
    const kept = 1 - halfHeight / now.halfHeight;
    const dx = (viewport.width / 2 - x) * kept;
    const dy = (viewport.height / 2 - y) * kept;
    const { planar, spatial } = this.pan(dx, dy, viewport, depth).state;
    return depth < 0.5
      ? this.with({ planar: { ...planar, halfHeight } })
      : this.with({ spatial: { ...spatial, halfHeight } });
  }

  /**
   * Turns the 3D fit under a pointer that moved by (dx, dy) pixels. A turntable keeps the
   * vertical axis upright; a trackball turns freely.
   */
  orbit(dx: number, dy: number, viewport: Viewport, style: "turntable" | "trackball"): Camera {
    const { rotation } = this.state.spatial;
    const perPixel = Math.PI / Math.min(viewport.width, viewport.height);
    const yaw = dx * perPixel;
    let pitch = dy * perPixel;
    if (style === "turntable") {
      const now = Math.asin(Math.max(-1, Math.min(1, rotationMatrix(rotation)[7]!)));
      pitch = Math.max(-STEEPEST, Math.min(STEEPEST, now + pitch)) - now;
    }
    const tilt = rotationAround([1, 0, 0], pitch);
    const turn = rotationAround([0, 1, 0], yaw);
    const turned =
      style === "turntable"
        ? compose(tilt, compose(rotation, turn))
        : compose(tilt, compose(turn, rotation));
    return this.with({ spatial: { ...this.state.spatial, rotation: turned } });
  }

  /** The same camera with the 3D fit turned to a given side. */
  turnedTo(rotation: Quaternion): Camera {
    return this.with({ spatial: { ...this.state.spatial, rotation } });
  }

  /** What the shaders need to draw with this camera. */
  toUniforms(viewport: Viewport, depth: number): CameraUniforms {
    const { halfHeight, target, rotation } = this.blend(depth);
    const r = rotationMatrix(rotation);
    const aspect = viewport.width / viewport.height;
    const distance = halfHeight / Math.tan(HALF_ANGLE);
    const reach = 2 + Math.hypot(...target);
    const near = Math.max(0.02 * distance, distance - reach);
    const far = distance + reach;
    const slope = (far + near) / (distance * (far - near));

    // Clip coordinates as functions of view space, whose origin is the target: rows of
    // [x, y, z, 1]. Both z and w are linear in `depth`, so the blend of the two projections
    // is a projection too, and keeps the order of depths.
    const rows = [
      [1 / (halfHeight * aspect), 0, 0, 0],
      [0, 1 / halfHeight, 0, 0],
      [
        0,
        0,
        -(1 - depth) / reach - depth * slope,
        depth * (slope * distance - near * (1 / distance + slope)),
      ],
      [0, 0, -depth / distance, 1],
    ];
    const matrix = new Float32Array(16);
    rows.forEach((row, i) => {
      let constant = row[3]!;
      for (let d = 0; d < 3; d++) {
        const value = row[0]! * r[d]! + row[1]! * r[3 + d]! + row[2]! * r[6 + d]!;
        matrix[d * 4 + i] = value;
        constant -= value * target[d]!;
      }
      matrix[12 + i] = constant;
    });
    return {
      matrix,
      planarFrame: this.frames.planar,
      spatialFrame: this.frames.spatial,
      pixelsPerUnit: viewport.height / (2 * halfHeight),
    };
  }

  /** Where a position of the 2D fit (2 numbers) or the 3D fit (3 numbers) is on screen. */
  project(position: ArrayLike<number>, viewport: Viewport, depth: number): ScreenPoint {
    return projectWith(this.toUniforms(viewport, depth), position, viewport);
  }

  /** The position in the units of the 2D fit that lies under a screen point, at depth 0. */
  unproject(x: number, y: number, viewport: Viewport): readonly [number, number] {
    const { planar } = this.state;
    const unit = (2 * planar.halfHeight) / viewport.height;
    const { center, scale } = this.frames.planar;
    return [
      (planar.x + (x - viewport.width / 2) * unit) / scale + center[0],
      (planar.y - (y - viewport.height / 2) * unit) / scale + center[1],
    ];
  }

  /** Screen directions of the three data axes (x right, y up, z towards the reader), for a gizmo. */
  axes(depth: number): readonly Vector3[] {
    const r = rotationMatrix(this.blend(depth).rotation);
    return [0, 1, 2].map((d) => [r[d]!, r[3 + d]!, r[6 + d]!] as const);
  }

  private blend(depth: number): CameraState["spatial"] {
    const { planar, spatial } = this.state;
    const flat = [planar.x, planar.y, 0];
    return {
      target: asVector(flat.map((value, d) => value + (spatial.target[d]! - value) * depth)),
      halfHeight: planar.halfHeight * Math.pow(spatial.halfHeight / planar.halfHeight, depth),
      rotation: slerp(IDENTITY, spatial.rotation, depth),
    };
  }

  private with(change: Partial<CameraState>): Camera {
    return new Camera({ ...this.state, ...change });
  }
}

/** Where a position is on screen, given uniforms that were worked out once for many positions. */
export function projectWith(
  uniforms: CameraUniforms,
  position: ArrayLike<number>,
  viewport: Viewport,
): ScreenPoint {
  const m = uniforms.matrix;
  const frame = position.length > 2 ? uniforms.spatialFrame : uniforms.planarFrame;
  const [x, y, z] = toWorld(position, frame);
  const w = m[3]! * x + m[7]! * y + m[11]! * z + m[15]!;
  const across = (m[0]! * x + m[4]! * y + m[8]! * z + m[12]!) / w;
  const up = (m[1]! * x + m[5]! * y + m[9]! * z + m[13]!) / w;
  return {
    x: ((across + 1) / 2) * viewport.width,
    y: ((1 - up) / 2) * viewport.height,
    scale: 1 / w,
  };
}

function toWorld(position: ArrayLike<number>, { center, scale }: Frame): Vector3 {
  return asVector([0, 1, 2].map((d) => ((position[d] ?? center[d]!) - center[d]!) * scale));
}

/** The world place, in another frame, of the data that is at `place` in this one. */
function carry(place: Vector3, from: Frame, to: Frame): Vector3 {
  return toWorld(
    place.map((value, d) => value / from.scale + from.center[d]!),
    to,
  );
}

function held(halfHeight: number): number {
  return Math.min(FARTHEST, Math.max(CLOSEST, halfHeight));
}

function asVector(values: readonly number[]): Vector3 {
  return [values[0]!, values[1]!, values[2]!];
}
