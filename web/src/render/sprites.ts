import type { Context } from "./context.js";
import type { Points } from "./points.js";
import { Program, shaderText } from "./program.js";
import { LAYOUTS, RowTexture } from "./row_texture.js";
import { FIRST_FREE_UNIT, type Shot, bindPlaces, bindTextures, placeFunction } from "./shot.js";
import { SpriteAtlas } from "./sprite_atlas.js";
import { SPRITE_FRAGMENT, SPRITE_VERTEX } from "./sprite_shader.js";

/** How a thumbnail carries the colour of its point: around it, behind it, or as its light. */
export type SpriteStyle = "frame" | "behind" | "ink";

/** What is drawn in the place of dots, the last one on top. */
export interface SpriteList {
  /** Four numbers a thumbnail, as `packSprite` writes them. */
  readonly entries: Uint32Array;
  readonly count: number;
  /** The longer side of a whole tile in CSS pixels. */
  readonly side: number;
  readonly style: SpriteStyle;
}

/** A thumbnail of a row: where it lies, and how far it is there. */
export interface Sprite {
  readonly row: number;
  /** Corner and size in its layer, in texels, to a sixteenth. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** The longer side of a whole tile in this layer, in texels. */
  readonly longest: number;
  readonly layer: number;
  /** Whether it lies in the atlas of what is near. */
  readonly near: boolean;
  /** 0 to 1. */
  readonly alpha: number;
}

const STYLES: readonly SpriteStyle[] = ["frame", "behind", "ink"];
/** Layers that an entry can name. */
export const MOST_LAYERS = 128;
const NOTHING: SpriteList = { entries: new Uint32Array(0), count: 0, side: 0, style: "frame" };

/** Writes a thumbnail into the entries. */
export function packSprite(entries: Uint32Array, number: number, sprite: Sprite): void {
  const fixed = (value: number) => Math.min(65535, Math.round(16 * value));
  const at = 4 * number;
  entries[at] = sprite.row;
  entries[at + 1] = fixed(sprite.x) | (fixed(sprite.y) << 16);
  entries[at + 2] = fixed(sprite.width) | (fixed(sprite.height) << 16);
  entries[at + 3] =
    Math.min(1023, Math.round(sprite.longest)) |
    (Math.round(255 * sprite.alpha) << 16) |
    (sprite.layer << 24) |
    (sprite.near ? 1 << 31 : 0);
}

/** Thumbnails in the place of dots. Which ones, and where their pictures lie, is given as a list. */
export class Sprites {
  /** Whole pages of tiles, coarse where there are many. */
  readonly pages: SpriteAtlas;
  /** Tiles at their full size, of what is near. */
  readonly near: SpriteAtlas;
  private readonly context: Context;
  private readonly entries: RowTexture;
  private readonly programs = new Map<string, Program>();
  private list: SpriteList = NOTHING;

  constructor(context: Context) {
    this.context = context;
    this.pages = new SpriteAtlas(context);
    this.near = new SpriteAtlas(context);
    this.entries = new RowTexture(context, LAYOUTS.entry);
  }

  /** Bytes on the GPU. */
  get bytes(): number {
    return this.pages.bytes + this.near.bytes + this.entries.bytes;
  }

  /** Thumbnails in the list. */
  get count(): number {
    return this.list.count;
  }

  /** Says what to draw from now on; null for nothing. */
  set(list: SpriteList | null): void {
    this.list = list ?? NOTHING;
    if (this.list.count > 0) this.entries.upload(this.list.entries);
  }

  /** Whether there is any image to draw. */
  get any(): boolean {
    return this.list.count > 0;
  }

  /** Draws the thumbnails of plain rows, or of selected and highlighted ones. */
  draw(shot: Shot, points: Points, pass: "draw" | "pick", raised: boolean): void {
    if (this.list.count === 0 || (raised && !points.hasRaised)) return;
    const { gl } = this.context;
    const { view, pixelRatio, viewport } = shot;
    const { theme } = view;
    const program = this.program(pass, raised).use();
    bindPlaces(program, shot);
    bindTextures(
      program,
      [
        ["u_entries", this.entries],
        ["u_colors", points.colors],
        ["u_flags", points.flags],
        ["u_trust", points.trust],
      ],
      FIRST_FREE_UNIT,
    );
    if (pass === "draw") {
      this.pages.bind(FIRST_FREE_UNIT + 4);
      this.near.bind(FIRST_FREE_UNIT + 5);
      program.int("u_pages", FIRST_FREE_UNIT + 4).int("u_near", FIRST_FREE_UNIT + 5);
    }
    const { side, style } = this.list;
    // A frame of two pixels around the smallest would be all there is to see.
    const border = style === "frame" ? Math.min(2, Math.max(1, side / 16)) : 0;
    program
      .int("u_known", points.flags.count, points.trust.count, points.colors.count)
      .int("u_dim", view.selectionActive ? 1 : 0)
      .int("u_look", STYLES.indexOf(style))
      .float("u_pixels", pixelRatio)
      .float("u_side", side * pixelRatio)
      .float("u_border", border * pixelRatio)
      .float("u_trust_fade", view.trustFade)
      .float("u_size", viewport.width * pixelRatio, viewport.height * pixelRatio)
      .float("u_canvas", ...theme.canvas.map((value) => value / 255))
      .float("u_plain", ...theme.plain.map((value) => value / 255))
      .float("u_highlight", ...theme.highlight.map((value) => value / 255));
    gl.drawArrays(gl.TRIANGLES, 0, 6 * this.list.count);
  }

  /** Makes the GPU's objects again after the context was lost; the atlases come back empty. */
  restore(): void {
    this.programs.clear();
    this.pages.restore();
    this.near.restore();
    this.entries.restore();
    this.list = NOTHING;
  }

  delete(): void {
    this.pages.delete();
    this.near.delete();
    this.entries.delete();
  }

  private program(pass: "draw" | "pick", raised: boolean): Program {
    const key = `${pass} ${raised}`;
    let program = this.programs.get(key);
    if (!program) {
      const switches = [...(pass === "pick" ? ["PICK"] : []), ...(raised ? ["RAISED"] : [])];
      program = new Program(
        this.context.gl,
        shaderText(placeFunction(this.context) + SPRITE_VERTEX, switches),
        shaderText(SPRITE_FRAGMENT, switches),
      );
      this.programs.set(key, program);
    }
    return program;
  }
}
