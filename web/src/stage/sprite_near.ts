import type { Client } from "../data/client.js";
import type { ImagesInfo, RunDescription } from "../data/types.js";
import type { Renderer } from "../render/renderer.js";
import { placeOf } from "../state/items.js";
import type { Chosen } from "./sprite_list.js";

/** GPU memory for tiles at their full size. */
const NEAR_BUDGET = 32 * 2 ** 20;
const TILES_AT_ONCE = 24;
const PAGES_KEPT = 3;

/** Where a tile lies at its full size. */
interface Slot {
  layer: number;
  x: number;
  y: number;
}

/**
 * Tiles of what is near, at their full size, where whole pages had to be kept coarse. Each tile has
 * a slot; the tile unused for longest makes room.
 */
export class SpriteNear {
  private active = false;
  private key = "";
  private epoch = -1;
  private columns = 1;
  private pitch: readonly [number, number] = [1, 1];
  private perLayer = 1;
  private slots = 0;
  /** Whether tiles are on their way. */
  busy = false;
  // A Map iterates in the order of insertion: first is least recently used.
  private readonly held = new Map<number, number>();
  private readonly pages = new Map<number, ImageBitmap>();
  private readonly failed = new Set<number>();

  constructor(
    private readonly client: Client,
    private readonly changed: () => void,
  ) {}

  /** Prepares for the images of a run, of which whole pages are kept at a part of their size. */
  open(renderer: Renderer, run: RunDescription & { images: ImagesInfo }, scale: number): void {
    this.active = scale < 1;
    if (!this.active) return;
    const { images } = run;
    const key = JSON.stringify([run.name, images]);
    const { near } = renderer.sprites;
    if (key === this.key && near.epoch === this.epoch) return;
    if (key !== this.key) {
      this.dropPages();
      this.failed.clear();
      const { textureSize } = renderer.stats().limits;
      const side = Math.min(1024, textureSize);
      // Even, so that a slot begins on a whole texel of the halved pictures too.
      this.pitch = [even(images.tile_width), even(images.tile_height)];
      this.columns = Math.max(1, Math.floor(side / this.pitch[0]));
      const lines = Math.max(1, Math.floor(side / this.pitch[1]));
      this.perLayer = this.columns * lines;
      const layers = Math.max(1, Math.floor(NEAR_BUDGET / (side * side * 5)));
      this.slots = layers * this.perLayer;
      near.allocate(side, side, layers);
    }
    this.key = key;
    this.epoch = near.epoch;
    this.held.clear();
  }

  /** Where a tile lies, or undefined while it does not. */
  placeOf(tile: number): Slot | undefined {
    const slot = this.active ? this.held.get(tile) : undefined;
    return slot === undefined ? undefined : this.cornerOf(slot);
  }

  /** Fetches, a few at a time, the tiles of the rows that are drawn. */
  want(renderer: Renderer, run: RunDescription, chosen: Chosen, tiles: Uint32Array): void {
    if (!this.active) return this.dropPages();
    if (this.busy || run.images === null) return;
    const missing = new Map<number, number[]>();
    const most = Math.min(chosen.count, this.slots);
    for (let i = 0; i < most; i++) {
      const tile = tiles[chosen.rows[i]!]!;
      const slot = this.held.get(tile);
      if (slot !== undefined) {
        this.held.delete(tile);
        this.held.set(tile, slot);
        continue;
      }
      const { page } = placeOf(tile, run.images);
      if (this.failed.has(page)) continue;
      missing.set(page, [...(missing.get(page) ?? []), tile]);
    }
    if (missing.size === 0) return;
    // A page that is open already costs nothing; of the others the one that shows most.
    const [page, wanted] = [...missing].sort(
      (a, b) =>
        Number(this.pages.has(b[0])) - Number(this.pages.has(a[0])) || b[1].length - a[1].length,
    )[0]!;
    void this.load(renderer, run as RunDescription & { images: ImagesInfo }, page, wanted);
  }

  private async load(
    renderer: Renderer,
    run: RunDescription & { images: ImagesInfo },
    page: number,
    wanted: readonly number[],
  ): Promise<void> {
    const { key, epoch } = this;
    this.busy = true;
    try {
      const picture = await this.page(run.name, page);
      const { tile_width: width, tile_height: height } = run.images;
      for (const tile of wanted.slice(0, TILES_AT_ONCE)) {
        const { x, y } = placeOf(tile, run.images);
        const whole = await createImageBitmap(picture, x, y, width, height);
        const half = await createImageBitmap(picture, x, y, width, height, {
          resizeWidth: Math.max(1, width >> 1),
          resizeHeight: Math.max(1, height >> 1),
          resizeQuality: "medium",
        });
        if (this.key === key && this.epoch === epoch) {
          const slot = this.free();
          const corner = this.cornerOf(slot);
          this.held.set(tile, slot);
          renderer.sprites.near.put(corner.layer, corner.x, corner.y, whole, half);
        }
        whole.close();
        half.close();
      }
    } catch {
      // The coarse picture stays.
      this.failed.add(page);
    } finally {
      this.busy = false;
      this.changed();
    }
  }

  private async page(run: string, page: number): Promise<ImageBitmap> {
    const held = this.pages.get(page);
    if (held !== undefined) return held;
    const bytes = await this.client.spritePage(run, page);
    const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    for (const [old, bitmap] of this.pages) {
      if (this.pages.size < PAGES_KEPT) break;
      bitmap.close();
      this.pages.delete(old);
    }
    this.pages.set(page, picture);
    return picture;
  }

  private free(): number {
    if (this.held.size < this.slots) return this.held.size;
    const [tile, slot] = this.held.entries().next().value!;
    this.held.delete(tile);
    return slot;
  }

  private cornerOf(slot: number): Slot {
    const layer = Math.floor(slot / this.perLayer);
    const place = slot % this.perLayer;
    const [width, height] = this.pitch;
    return {
      layer,
      x: (place % this.columns) * width,
      y: Math.floor(place / this.columns) * height,
    };
  }

  private dropPages(): void {
    for (const bitmap of this.pages.values()) bitmap.close();
    this.pages.clear();
  }
}

function even(pixels: number): number {
  return pixels + (pixels & 1);
}
