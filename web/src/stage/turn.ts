import { frameOf, type Bounds } from "../geometry/bounds.js";
import { easeInOut } from "../geometry/interpolate.js";
import type { Positions } from "../geometry/rows.js";

const MILLISECONDS = 600;

/**
 * The way from one map to another of the same rows. Only the picture moves: the map before is
 * drawn at the scale of the new one, so that the eye follows rows and not units.
 */
export class Turn {
  private way: { step: number; started: number | null } | null = null;

  /** Whether a turn at this step is under way. */
  at(step: number): boolean {
    return this.way?.step === step;
  }

  get moving(): boolean {
    return this.way !== null;
  }

  begin(step: number): void {
    this.way = { step, started: null };
  }

  end(): void {
    this.way = null;
  }

  /** How far the new map has come, 0 to 1. */
  mix(now: number): number {
    if (this.way === null) return 1;
    this.way.started ??= now;
    const t = (now - this.way.started) / MILLISECONDS;
    if (t >= 1) this.way = null;
    return t >= 1 ? 1 : easeInOut(t);
  }
}

/** Coordinates between `from` as they would lie between `to`; a new array. */
export function rescaled(
  coordinates: Float32Array,
  dimensions: 2 | 3,
  from: Bounds,
  to: Bounds,
): Float32Array {
  const [old, next] = [frameOf(from), frameOf(to)];
  const scale = old.scale / next.scale;
  return coordinates.map((value, i) => {
    const d = i % dimensions;
    return (value - old.center[d]!) * scale + next.center[d]!;
  });
}

/** Positions of the map before, in the units of the one that replaces it. */
export function carriedOver(
  before: Positions,
  fit: "planar" | "spatial",
  from: Bounds | null,
  to: Bounds | null,
): Positions | null {
  const coordinates = before[fit];
  if (coordinates === undefined || from === null || to === null) return null;
  return { ...before, [fit]: rescaled(coordinates, fit === "planar" ? 2 : 3, from, to) };
}
