import type { Context } from "./context.js";
import { RenderError } from "./errors.js";

/** What layers are filled from: a picture as the browser decodes it, colours times alpha. */
export type Picture = ImageBitmap;

/** Full size, and half of it for pictures that are drawn small. */
const MIPS = 2;

/**
 * Pictures in the layers of one array texture. Keeps no copy: after a lost context its layers are
 * empty, `epoch` has grown, and whoever filled them does so again.
 */
export class SpriteAtlas {
  epoch = 0;
  layers = 0;
  width = 0;
  height = 0;
  private readonly context: Context;
  private texture: WebGLTexture | null = null;

  constructor(context: Context) {
    this.context = context;
  }

  /** Bytes on the GPU. */
  get bytes(): number {
    const { width, height, layers } = this;
    return 4 * layers * (width * height + (width >> 1) * (height >> 1));
  }

  /** Makes room for so many pictures of one size; what was there is gone. */
  allocate(width: number, height: number, layers: number): void {
    const { limits } = this.context;
    if (Math.max(width, height) > limits.textureSize || layers > limits.layers) {
      throw new RenderError(
        `${layers} layers of ${width} x ${height} pixels are more than this device has: ` +
          `${limits.layers} of ${limits.textureSize} x ${limits.textureSize}.`,
      );
    }
    this.delete();
    Object.assign(this, { width, height, layers });
    this.make();
  }

  /** Puts a picture, and the same at half its size, into a layer at a place. */
  put(layer: number, x: number, y: number, whole: Picture, half: Picture | null): void {
    const { gl } = this.context;
    if (this.context.lost) return;
    if (this.texture === null) this.make();
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.texture);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 4);
    const at = (level: number, { width, height }: Picture, picture: Picture) => {
      const place = [x >> level, y >> level, layer] as const;
      gl.texSubImage3D(
        gl.TEXTURE_2D_ARRAY,
        level,
        ...place,
        width,
        height,
        1,
        gl.RGBA,
        gl.UNSIGNED_BYTE,
        picture,
      );
    };
    at(0, whole, whole);
    if (half !== null) at(1, half, half);
  }

  bind(unit: number): void {
    const { gl } = this.context;
    // Making a texture binds it too, and must not do so in the unit of another.
    gl.activeTexture(gl.TEXTURE0 + unit);
    if (this.texture === null) this.make();
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.texture);
  }

  /** Makes the texture again, empty, after the context was lost. */
  restore(): void {
    this.texture = null;
    this.epoch++;
  }

  delete(): void {
    this.context.gl.deleteTexture(this.texture);
    this.texture = null;
    this.layers = 0;
    this.epoch++;
  }

  private make(): void {
    const { gl } = this.context;
    if (this.context.lost) return;
    this.texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.texture);
    const [width, height] = [Math.max(2, this.width), Math.max(2, this.height)];
    gl.texStorage3D(gl.TEXTURE_2D_ARRAY, MIPS, gl.RGBA8, width, height, Math.max(1, this.layers));
    const set = (name: number, value: number) => {
      gl.texParameteri(gl.TEXTURE_2D_ARRAY, name, value);
    };
    set(gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    set(gl.TEXTURE_MAG_FILTER, gl.LINEAR);
    set(gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    set(gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  }
}
