import { occupiedArea } from "../geometry/density.js";
import { type Positions, rowCount } from "../geometry/rows.js";
import type { Context } from "./context.js";
import { RenderError } from "./errors.js";
import { LAYOUTS, RowTexture } from "./row_texture.js";

/** Snapshots kept on the GPU: the two that are mixed, the next one, and one to go back to. */
export const RESIDENT = 4;

/** The positions of one snapshot on the GPU. */
export class Snapshot {
  readonly rows: number;
  readonly planar: RowTexture;
  readonly spatial: RowTexture;
  private readonly positions: Positions;
  private area: number | undefined;

  constructor(context: Context, positions: Positions) {
    this.positions = positions;
    this.rows = Math.floor(rowCount(positions));
    this.planar = new RowTexture(context, LAYOUTS.planar);
    this.spatial = new RowTexture(context, LAYOUTS.spatial);
    if (positions.planar) this.planar.upload(positions.planar);
    if (positions.spatial) this.spatial.upload(positions.spatial);
  }

  /** Squared data units of the 2D fit that the points are spread over. */
  get planarArea(): number {
    this.area ??= this.positions.planar ? occupiedArea(this.positions.planar) : 0;
    return this.area;
  }

  /** Whether these are the very arrays already on the GPU. */
  holds({ planar, spatial }: Positions): boolean {
    return planar === this.positions.planar && spatial === this.positions.spatial;
  }

  /** Both fits' textures. */
  get textures(): readonly RowTexture[] {
    return [this.planar, this.spatial];
  }
}

/** The resident snapshots by key; the one used longest ago makes room for a new one. */
export class Snapshots {
  private readonly context: Context;
  // A Map iterates in the order of insertion: first is least recently used.
  private readonly resident = new Map<string, Snapshot>();

  constructor(context: Context) {
    this.context = context;
  }

  /** Keys of the resident snapshots, the least recently used first. */
  get keys(): string[] {
    return [...this.resident.keys()];
  }

  /** Bytes on the GPU. */
  get bytes(): number {
    return this.textures().reduce((sum, texture) => sum + texture.bytes, 0);
  }

  has(key: string): boolean {
    return this.resident.has(key);
  }

  set(key: string, positions: Positions): void {
    if (this.resident.get(key)?.holds(positions)) return void this.get(key);
    this.drop(key);
    this.resident.set(key, new Snapshot(this.context, positions));
    for (const oldest of this.keys.slice(0, -RESIDENT)) this.drop(oldest);
  }

  /** The snapshot of a key, now the most recently used. */
  get(key: string): Snapshot {
    const snapshot = this.resident.get(key);
    if (!snapshot) {
      throw new RenderError(
        `No snapshot ${JSON.stringify(key)} is on the GPU; resident are ` +
          `${JSON.stringify(this.keys)}. Call setSnapshot first.`,
      );
    }
    this.resident.delete(key);
    this.resident.set(key, snapshot);
    return snapshot;
  }

  drop(key: string): void {
    for (const texture of this.resident.get(key)?.textures ?? []) texture.delete();
    this.resident.delete(key);
  }

  /** Every texture there is, to be filled again after a loss. */
  textures(): RowTexture[] {
    return [...this.resident.values()].flatMap((snapshot) => [...snapshot.textures]);
  }
}
