import { Cache } from "../data/cache.js";
import type { Client, SpriteIndex } from "../data/client.js";
import type { ImagesInfo, ItemDetails } from "../data/types.js";
import type { ViewerState } from "./viewer_state.js";

/** Where a row's thumbnail lies: a page, decoded, and a rectangle in it. */
export interface Tile {
  page: ImageBitmap;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The tile of a row without an image. */
export const NO_TILE = 0xffffffff;
const KEPT_DETAILS = 512;
const ID_BLOCK = 1024;

/** Details and thumbnails of single items, fetched when somebody looks. */
export class Items {
  private readonly kept = new Cache<Promise<ItemDetails>>(KEPT_DETAILS);
  private readonly indexes = new Map<string, Promise<SpriteIndex>>();
  private readonly pages = new Cache<Promise<ImageBitmap>>(8);
  private readonly blocks = new Cache<Promise<(string | number)[]>>(32);

  constructor(
    private readonly client: Client,
    private readonly state: ViewerState,
  ) {}

  /** What is known of a row, with its prediction at the step on screen. */
  details(row: number): Promise<ItemDetails> {
    const run = this.state.run.value;
    if (run === null) return Promise.reject(new Error("No run is open."));
    const step = this.state.timeline.step.value ?? undefined;
    const key = `${run.name}\n${run.order}\n${run.revision}\n${row}\n${step}`;
    const held = this.kept.get(key);
    if (held !== undefined) return held;
    const asked = this.client.item(run.name, row, step);
    this.kept.set(key, asked, 1);
    // A failure must not be remembered as the answer.
    asked.catch(() => this.kept.delete(key));
    return asked;
  }

  /** The thumbnail of a row, or null where it has none. */
  async thumbnail(row: number): Promise<Tile | null> {
    const run = this.state.run.value;
    if (run === null || run.images === null) return null;
    const tile = (await this.index(run.name, run.order)).tiles[row];
    if (tile === undefined || tile === NO_TILE) return null;
    const { page, x, y } = placeOf(tile, run.images);
    return {
      page: await this.page(run.name, page),
      x,
      y,
      width: run.images.tile_width,
      height: run.images.tile_height,
    };
  }

  /** Ids of some rows, for lists; asked for in blocks, because neighbours are asked for together. */
  async ids(rows: readonly number[]): Promise<(string | number)[]> {
    const run = this.state.run.value;
    if (run === null) return [];
    return Promise.all(
      rows.map(async (row) => {
        const block = Math.floor(row / ID_BLOCK);
        const key = `${run.name}\n${run.order}\n${block}`;
        let asked = this.blocks.get(key);
        if (asked === undefined) {
          const stop = Math.min((block + 1) * ID_BLOCK, run.n_items);
          asked = this.client.ids(run.name, block * ID_BLOCK, stop);
          this.blocks.set(key, asked, 1);
          asked.catch(() => this.blocks.delete(key));
        }
        return (await asked)[row % ID_BLOCK] ?? row;
      }),
    );
  }

  private index(run: string, order: string): Promise<SpriteIndex> {
    const key = `${run}\n${order}`;
    const held = this.indexes.get(key);
    if (held !== undefined) return held;
    const asked = this.client.spriteIndex(run);
    this.indexes.clear();
    this.indexes.set(key, asked);
    asked.catch(() => this.indexes.delete(key));
    return asked;
  }

  private page(run: string, page: number): Promise<ImageBitmap> {
    const key = `${run}\n${page}`;
    const held = this.pages.get(key);
    if (held !== undefined) return held;
    const asked = this.client
      .spritePage(run, page)
      .then((bytes) => createImageBitmap(new Blob([bytes], { type: "image/png" })));
    this.pages.set(key, asked, 1);
    asked.catch(() => this.pages.delete(key));
    return asked;
  }
}

/** Page and corner of a tile; tiles are numbered along rows, page after page. */
export function placeOf(tile: number, images: ImagesInfo): { page: number; x: number; y: number } {
  const perPage = images.columns * images.rows;
  const inPage = tile % perPage;
  return {
    page: Math.floor(tile / perPage),
    x: (inPage % images.columns) * images.tile_width,
    y: Math.floor(inPage / images.columns) * images.tile_height,
  };
}
