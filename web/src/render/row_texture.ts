import type { Context } from "./context.js";

/** How one row is stored: WebGL's three names for it and the numbers per row. */
interface Layout {
  readonly internal: "RG32UI" | "RGB32UI" | "RGBA32UI" | "RGBA8" | "R8UI" | "R32UI";
  readonly format: "RG_INTEGER" | "RGB_INTEGER" | "RGBA_INTEGER" | "RGBA" | "RED_INTEGER";
  readonly type: "UNSIGNED_INT" | "UNSIGNED_BYTE";
  readonly components: number;
  readonly bytes: number;
}

/**
 * What rows can hold. Positions are stored as the bits of their floats: integer textures are
 * never rounded, flushed or cleaned of NaNs on the way, and need no extension to be read back.
 */
export const LAYOUTS = {
  planar: {
    internal: "RG32UI",
    format: "RG_INTEGER",
    type: "UNSIGNED_INT",
    components: 2,
    bytes: 8,
  },
  spatial: {
    internal: "RGB32UI",
    format: "RGB_INTEGER",
    type: "UNSIGNED_INT",
    components: 3,
    bytes: 12,
  },
  entry: {
    internal: "RGBA32UI",
    format: "RGBA_INTEGER",
    type: "UNSIGNED_INT",
    components: 4,
    bytes: 16,
  },
  color: { internal: "RGBA8", format: "RGBA", type: "UNSIGNED_BYTE", components: 4, bytes: 4 },
  byte: {
    internal: "R8UI",
    format: "RED_INTEGER",
    type: "UNSIGNED_BYTE",
    components: 1,
    bytes: 1,
  },
  index: {
    internal: "R32UI",
    format: "RED_INTEGER",
    type: "UNSIGNED_INT",
    components: 1,
    bytes: 4,
  },
} as const satisfies Record<string, Layout>;

/** Numbers that can go to the GPU as they came off the wire. */
export type RowData = Float32Array | Uint32Array | Uint8Array;

/**
 * One value per row in a texture that vertex programs read by row number. Keeps the array it was
 * given (not a copy of it), so that a lost context can be filled again.
 */
export class RowTexture {
  /** Rows on the GPU. */
  count = 0;
  private readonly context: Context;
  private readonly layout: Layout;
  private data: RowData | undefined;
  private texture: WebGLTexture | null = null;
  private lines = 0;

  constructor(context: Context, layout: Layout) {
    this.context = context;
    this.layout = layout;
  }

  /** Bytes on the GPU. */
  get bytes(): number {
    return this.lines * this.context.limits.rowWidth * this.layout.bytes;
  }

  /** Replaces all rows. Rows past the device's capacity stay behind: a prefix is a fair sample. */
  upload(data: RowData): void {
    this.data = data;
    const { gl, limits } = this.context;
    const { components } = this.layout;
    this.count = Math.min(limits.capacity, Math.floor(data.length / components));
    if (this.context.lost) return;
    const width = limits.rowWidth;
    const lines = Math.max(1, Math.ceil(this.count / width));
    if (!this.texture || lines !== this.lines) this.allocate(lines);
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    const bits = data instanceof Float32Array ? bitsOf(data) : data;
    const full = Math.floor(this.count / width);
    const put = (line: number, columns: number, rows: number) => {
      if (columns * rows === 0) return;
      const start = line * width * components;
      const part = bits.subarray(start, start + columns * rows * components);
      const { format, type } = this.layout;
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, line, columns, rows, gl[format], gl[type], part);
    };
    put(0, width, full);
    put(full, this.count - full * width, 1);
  }

  /** Makes this the texture that a sampler of the given unit reads. */
  bind(unit: number): void {
    const { gl } = this.context;
    gl.activeTexture(gl.TEXTURE0 + unit);
    if (!this.texture) this.upload(this.data ?? new Uint32Array(0));
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
  }

  /** Fills the texture again after the context was lost. */
  restore(): void {
    this.texture = null;
    if (this.data) this.upload(this.data);
  }

  /** Frees the GPU's memory. */
  delete(): void {
    this.context.gl.deleteTexture(this.texture);
    this.texture = null;
    this.lines = 0;
    this.data = undefined;
  }

  private allocate(lines: number): void {
    const { gl, limits } = this.context;
    gl.deleteTexture(this.texture);
    this.texture = gl.createTexture();
    this.lines = lines;
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl[this.layout.internal], limits.rowWidth, lines);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
      gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
    }
  }
}

/** How shaders find a row in a texture: `texelFetch(rows, texel(row), 0)`. */
export function texelFunction({ limits }: Context): string {
  const shift = Math.log2(limits.rowWidth);
  return `ivec2 texel(int row) { return ivec2(row & ${limits.rowWidth - 1}, row >> ${shift}); }`;
}

function bitsOf(floats: Float32Array): Uint32Array {
  return new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
}
