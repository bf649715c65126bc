import type { Client } from "../data/client.js";
import type { ImagesInfo, RunDescription } from "../data/types.js";
import { MOST_LAYERS, type Renderer } from "../render/renderer.js";

/** GPU memory for whole pages. Where they do not fit, they are kept at half, a quarter, … */
export const PAGE_BUDGET = 64 * 2 ** 20;
/** A picture that is drawn this small needs no more texels. */
const ENOUGH = 32;
const AT_ONCE = 2;

/** How pages of a sheet are kept: at which part of their size, and how many. */
export interface Shelf {
  scale: number;
  width: number;
  height: number;
  layers: number;
}

/** The best way to keep a sheet within a budget, on a device with these limits. */
export function shelfFor(
  images: ImagesInfo,
  budget: number,
  limits: { textureSize: number; layers: number },
): Shelf {
  const { tile_width, tile_height, columns, rows, n_pages } = images;
  const [width, height] = [tile_width * columns, tile_height * rows];
  const most = Math.min(n_pages, limits.layers, MOST_LAYERS);
  for (let scale = 1; ; scale /= 2) {
    const side = Math.max(tile_width, tile_height) * scale;
    const [across, up] = [Math.ceil(width * scale), Math.ceil(height * scale)];
    const bytes = across * up * 4 * 1.25;
    const fits = Math.max(across, up) <= limits.textureSize && bytes * most <= budget;
    // Below eight pixels nobody recognises a picture: rather fewer pages at a time.
    const smallest = side / 2 < 8 && Math.max(across, up) <= limits.textureSize;
    if (fits && side <= 2 * ENOUGH) return { scale, width: across, height: up, layers: most };
    if (smallest || across <= 2 || up <= 2) {
      const layers = Math.max(1, Math.min(most, Math.floor(budget / bytes)));
      return { scale, width: across, height: up, layers };
    }
  }
}

interface Layer {
  page: number;
  used: number;
}

/**
 * Pages of thumbnails on the GPU. They come when rows are shown that lie on them, those that most
 * rows wait for first; the page unused for longest makes room.
 */
export class SpritePages {
  shelf: Shelf | null = null;
  /** Whether the pictures on the first page have clear pixels; null before it was seen. */
  clear: boolean | null = null;
  problem: string | null = null;
  private layers: Layer[] = [];
  private readonly places = new Map<number, number>();
  private readonly loading = new Set<number>();
  private readonly failed = new Set<number>();
  private key = "";
  private epoch = -1;
  private clock = 0;

  constructor(
    private readonly client: Client,
    private readonly changed: () => void,
    private readonly budget = PAGE_BUDGET,
  ) {}

  /** Prepares for the images of a run; forgets those of another, and what a lost context took. */
  open(renderer: Renderer, run: RunDescription & { images: ImagesInfo }): void {
    const { images } = run;
    const key = JSON.stringify([run.name, images]);
    const { pages } = renderer.sprites;
    if (key === this.key && pages.epoch === this.epoch) return;
    if (key !== this.key) {
      this.failed.clear();
      this.clear = null;
      this.problem = null;
      const { limits } = renderer.stats();
      this.shelf = shelfFor(images, this.budget, limits);
      pages.allocate(this.shelf.width, this.shelf.height, this.shelf.layers);
    }
    this.key = key;
    this.epoch = pages.epoch;
    this.layers = [];
    this.places.clear();
    this.loading.clear();
  }

  /** Whether a page is on its way. */
  get busy(): boolean {
    return this.loading.size > 0;
  }

  /** The layer of a page, or undefined while it is not there. */
  layerOf(page: number): number | undefined {
    return this.places.get(page);
  }

  /** Says which pages the picture needs, and for how many rows each. */
  want(renderer: Renderer, run: RunDescription, needed: ReadonlyMap<number, number>): void {
    this.clock++;
    for (const page of needed.keys()) {
      const layer = this.places.get(page);
      if (layer !== undefined) this.layers[layer]!.used = this.clock;
    }
    const missing = [...needed]
      .filter(([page]) => !this.places.has(page) && !this.failed.has(page))
      .filter(([page]) => !this.loading.has(page))
      .sort((a, b) => b[1] - a[1]);
    for (const [page] of missing.slice(0, Math.max(0, AT_ONCE - this.loading.size))) {
      if (this.room(needed) === null) return;
      void this.load(renderer, run, page, needed);
    }
  }

  /** A layer that is empty or whose page is not needed; null while all are in use. */
  private room(needed: ReadonlyMap<number, number>): number | null {
    const { layers = 0 } = this.shelf ?? {};
    if (this.layers.length < layers) return this.layers.length;
    let oldest: number | null = null;
    for (const [number, { page, used }] of this.layers.entries()) {
      if (needed.has(page)) continue;
      if (oldest === null || used < this.layers[oldest]!.used) oldest = number;
    }
    return oldest;
  }

  private async load(
    renderer: Renderer,
    run: RunDescription,
    page: number,
    needed: ReadonlyMap<number, number>,
  ): Promise<void> {
    const { key, epoch, shelf } = this;
    if (shelf === null) return;
    this.loading.add(page);
    const current = () => this.key === key && this.epoch === epoch;
    try {
      const bytes = await this.client.spritePage(run.name, page);
      const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
      const whole = shelf.scale === 1 ? picture : await resized(picture, shelf.scale);
      const half = await resized(whole, 0.5);
      const clear = this.clear ?? hasClearPixels(picture, run.images!);
      const layer = current() ? this.room(needed) : null;
      if (layer !== null) {
        const before = this.layers[layer];
        if (before !== undefined) this.places.delete(before.page);
        this.layers[layer] = { page, used: this.clock };
        this.places.set(page, layer);
        renderer.sprites.pages.put(layer, 0, 0, whole, half);
        this.clear = clear;
      }
      for (const bitmap of new Set([picture, whole, half])) bitmap?.close();
    } catch (error) {
      // The dots stay; asking again in every frame would help nobody.
      if (!current()) return;
      this.failed.add(page);
      this.problem = error instanceof Error ? error.message : String(error);
    } finally {
      if (current()) this.loading.delete(page);
      this.changed();
    }
  }
}

async function resized(picture: ImageBitmap, scale: number): Promise<ImageBitmap> {
  const side = (pixels: number) => Math.max(1, Math.floor(pixels * scale));
  return createImageBitmap(picture, {
    resizeWidth: side(picture.width),
    resizeHeight: side(picture.height),
    resizeQuality: "medium",
  });
}

const LOOKED_AT = 24;

/** Whether the first tiles of a page let through what is behind them. */
function hasClearPixels(picture: ImageBitmap, images: ImagesInfo): boolean {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [8, 8];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) return false;
  const { tile_width: width, tile_height: height, columns } = images;
  let clear = 0;
  let seen = 0;
  for (let tile = 0; tile < Math.min(LOOKED_AT, columns); tile++) {
    if ((tile + 1) * width > picture.width) break;
    context.clearRect(0, 0, 8, 8);
    // The middle only: smaller pictures stand on clear ground in a common tile.
    const [x, y] = [tile * width + width / 4, height / 4];
    context.drawImage(picture, x, y, width / 2, height / 2, 0, 0, 8, 8);
    const { data } = context.getImageData(0, 0, 8, 8);
    for (let i = 3; i < data.length; i += 4) {
      seen++;
      if (data[i]! < 200) clear++;
    }
  }
  return seen > 0 && clear > 0.05 * seen;
}
