import type { Client, FrameData } from "../data/client.js";
import type { ImagesInfo, RunDescription } from "../data/types.js";
import type { Viewport } from "../geometry/camera.js";
import { packSprite, type Renderer, type View } from "../render/renderer.js";
import { NO_TILE, placeOf } from "../state/items.js";
import type { RowSet } from "../state/row_set.js";
import { onChange } from "../state/signal.js";
import type { ViewerState } from "../state/viewer_state.js";
import {
  Chooser,
  type Chosen,
  type Opaque,
  pixelsToUnit,
  type Positions,
  type Scene,
  sideFor,
} from "./sprite_list.js";
import { SpriteNear } from "./sprite_near.js";
import { SpritePages } from "./sprite_pages.js";
import { SpriteRooms } from "./sprite_rooms.js";

/** What the map shows at this moment, as far as thumbnails depend on it. */
export interface Moment {
  readonly view: View;
  readonly viewport: Viewport;
  readonly moving: boolean;
  /** Frames on either side of the playhead, of the fit on screen. */
  readonly from: FrameData | undefined;
  readonly to: FrameData | undefined;
}

interface Index {
  key: string;
  tiles: Uint32Array;
  sizes: Uint16Array | null;
}

/** Keeps the thumbnails on the map in step with the state: which rows, where, how large. */
export class SpriteLayer {
  private readonly rooms: SpriteRooms;
  private readonly pages: SpritePages;
  private readonly near: SpriteNear;
  private readonly chooser = new Chooser();
  private index: Index | null = null;
  private asked = "";
  private entries = new Uint32Array(0);
  private chosen: Chosen | null = null;
  private side = 0;

  constructor(
    private readonly client: Client,
    private readonly state: ViewerState,
    private readonly redraw: () => void,
  ) {
    this.rooms = new SpriteRooms(redraw);
    this.pages = new SpritePages(client, redraw);
    this.near = new SpriteNear(client, redraw);
    const { shown, look, crowd } = state.sprites;
    onChange([state.run], () => this.fetchIndex());
    onChange([shown, look, crowd], redraw);
  }

  close(): void {
    this.rooms.close();
  }

  /** Whether everything has come, and nothing fades. */
  get resting(): boolean {
    return this.rooms.resting && !this.pages.busy && !this.near.busy;
  }

  /** Rows whose thumbnails are all there, and the longer side of a tile in CSS pixels. */
  get settled(): { rows: number[]; side: number } {
    const { chosen, side } = this;
    const rows = chosen === null ? [] : [...chosen.rows.subarray(0, chosen.count)];
    return { rows: rows.filter((_, i) => chosen!.alphas[i]! > 0.99), side };
  }

  /** Gives the renderer the thumbnails of this moment. */
  show(renderer: Renderer, moment: Moment): void {
    const { state } = this;
    const run = state.run.value;
    const { from, view, viewport } = moment;
    const ready = run !== null && hasImages(run) && this.index?.key === keyOf(run);
    if (!ready || !state.sprites.shown.value || from === undefined) return this.clear(renderer);
    this.pages.open(renderer, run);
    const total = from.coordinates.length / from.n_components;
    const positions: Positions = {
      from: from.coordinates,
      to: (moment.to ?? from).coordinates,
      mix: view.mix,
      dimensions: from.n_components,
    };
    const all = state.sprites.crowd.value === "all";
    const uniforms = view.camera.toUniforms(viewport, view.depth);
    const opaque = all && view.depth === 0 ? this.opaque(run.images) : null;
    const scene: Scene = { positions, uniforms, viewport, all, moving: moment.moving, opaque };
    const usable = this.usable(state.filter.hidden.value);
    this.rooms.want(
      positions,
      from,
      this.index!.tiles,
      state.filter.hidden.value,
      usable,
      sidesOf(run.images),
    );
    const { parts, typical } = this.rooms.now(performance.now(), state.reducedMotion.value, all);
    // Half way between two fits nothing is anywhere on one plane: what is there goes along.
    if (view.depth === 0 || view.depth === 1 || this.chosen === null) {
      this.side = sideFor(typical, pixelsToUnit(scene), all, positions.dimensions);
      this.chosen = this.chooser.choose(scene, this.side, parts, total);
    }
    this.give(renderer, run, this.chosen);
  }

  private give(
    renderer: Renderer,
    run: RunDescription & { images: ImagesInfo },
    chosen: Chosen,
  ): void {
    const { images } = run;
    const { tiles, sizes } = this.index!;
    const { scale } = this.pages.shelf!;
    const longest = Math.max(images.tile_width, images.tile_height);
    this.near.open(
      renderer,
      run,
      this.side * window.devicePixelRatio > 1.25 * longest * scale ? scale : 1,
    );
    if (this.entries.length < 4 * chosen.count) this.entries = new Uint32Array(8 * chosen.count);
    const needed = new Map<number, number>();
    let count = 0;
    // The most important come first and are drawn last, on top.
    for (let i = chosen.count - 1; i >= 0; i--) {
      const row = chosen.rows[i]!;
      const tile = tiles[row]!;
      const { page, x, y } = placeOf(tile, images);
      needed.set(page, (needed.get(page) ?? 0) + 1);
      const width = sizes === null ? images.tile_width : sizes[2 * row]!;
      const height = sizes === null ? images.tile_height : sizes[2 * row + 1]!;
      const left = Math.floor((images.tile_width - width) / 2);
      const top = Math.floor((images.tile_height - height) / 2);
      const alpha = chosen.alphas[i]!;
      const slot = this.near.placeOf(tile);
      const layer = slot?.layer ?? this.pages.layerOf(page);
      if (layer === undefined) continue;
      const part = slot === undefined ? scale : 1;
      packSprite(this.entries, count++, {
        row,
        x: slot === undefined ? (x + left) * scale : slot.x + left,
        y: slot === undefined ? (y + top) * scale : slot.y + top,
        width: width * part,
        height: height * part,
        longest: longest * part,
        layer,
        near: slot !== undefined,
        alpha,
      });
    }
    this.pages.want(renderer, run, needed);
    this.near.want(renderer, run, chosen, tiles);
    const { sprites } = this.state;
    sprites.clear.set(this.pages.clear ?? false);
    sprites.problem.set(this.pages.problem);
    sprites.drawn.set(count);
    renderer.sprites.set({
      entries: this.entries,
      count,
      side: this.side,
      style: sprites.resolved,
    });
  }

  private clear(renderer: Renderer): void {
    if (renderer.sprites.count > 0) renderer.sprites.set(null);
    this.chosen = null;
    this.rooms.forget();
    this.state.sprites.drawn.set(0);
  }

  /** What lies below others is seen as soon as anything lets light through. */
  private opaque({ tile_width, tile_height }: ImagesInfo): Opaque | null {
    const { state } = this;
    if (state.trustFade.value > 0 || state.selection.count.value > 0) return null;
    const { sizes } = this.index!;
    const hidden = state.filter.hidden.value;
    const lit = [state.hover.value?.row, state.echo.value, state.focus.value];
    const twice = 2 * Math.max(tile_width, tile_height);
    const whole = [tile_width / twice, tile_height / twice] as const;
    return {
      halves: (row) =>
        sizes === null ? whole : [sizes[2 * row]! / twice, sizes[2 * row + 1]! / twice],
      apart: (row) => lit.includes(row) || (hidden?.has(row) ?? false),
    };
  }

  private usable(hidden: RowSet | null): (row: number) => boolean {
    const { tiles } = this.index!;
    if (hidden?.size !== tiles.length) return (row) => tiles[row] !== NO_TILE;
    return (row) => tiles[row] !== NO_TILE && !hidden.has(row);
  }

  private fetchIndex(): void {
    const run = this.state.run.value;
    if (run === null || !hasImages(run)) {
      this.index = null;
      return;
    }
    const key = keyOf(run);
    if (key === this.asked) return;
    this.asked = key;
    this.client.spriteIndex(run.name).then(
      ({ tiles, sizes }) => {
        if (this.asked !== key) return;
        this.index = { key, tiles, sizes };
        this.redraw();
      },
      (error: unknown) => {
        // The dots are still there; only their pictures are not.
        if (this.asked === key) this.asked = "";
        this.state.sprites.problem.set(error instanceof Error ? error.message : String(error));
      },
    );
  }
}

function hasImages(run: RunDescription): run is RunDescription & { images: ImagesInfo } {
  return run.images !== null && run.images.n_pages > 0;
}

/** What the index depends on: rows in this order, and tiles numbered like this. */
function keyOf(run: RunDescription): string {
  return JSON.stringify([run.name, run.order, run.images]);
}

function sidesOf({ tile_width, tile_height }: ImagesInfo): [number, number] {
  const longest = Math.max(tile_width, tile_height);
  return [tile_width / longest, tile_height / longest];
}
