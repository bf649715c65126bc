import type { Context } from "./context.js";
import { Program, shaderText } from "./program.js";
import type { Shot } from "./shot.js";

/** A picture of how crowded a flat map is, and lines of equal density over it. */
export interface DensityData {
  /** The box that the picture covers, in the units of the 2D fit. */
  readonly low: readonly [number, number];
  readonly high: readonly [number, number];
  /** Cells to a side, and four bytes for each, the lowest line first: colour and density. */
  readonly size: number;
  readonly shade: Uint8Array;
  /** Lines: x, y of both ends of each piece. */
  readonly lines: Float32Array;
  /** Four bytes for each piece; the fourth says how strong it is. */
  readonly colors: Uint8Array;
}

const PLACE = `
uniform vec4 u_planar_frame;   // center, scale
uniform mat4 u_matrix;

vec4 at(vec2 place) {
  return u_matrix * vec4((place - u_planar_frame.xy) * u_planar_frame.w, 0.0, 1.0);
}
`;

const SHADE_VERTEX = `${PLACE}
uniform vec4 u_box;            // low, high
out vec2 v_place;
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  v_place = corner;
  gl_Position = at(mix(u_box.xy, u_box.zw, corner));
}`;

// Cells are smoothed by a cubic bell, from four reads between cells: no cell shows its corners.
const SHADE_FRAGMENT = `
uniform sampler2D u_shade;
uniform float u_strength, u_size;
in vec2 v_place;
out vec4 pixel;

void main() {
  vec2 place = v_place * u_size - 0.5;
  vec2 cell = floor(place);
  vec2 f = place - cell;
  vec2 f2 = f * f, f3 = f2 * f;
  vec2 w0 = (1.0 - 3.0 * f + 3.0 * f2 - f3) / 6.0;
  vec2 w1 = (4.0 - 6.0 * f2 + 3.0 * f3) / 6.0;
  vec2 w3 = f3 / 6.0;
  vec2 g0 = w0 + w1;
  vec2 h0 = (cell - 0.5 + w1 / g0) / u_size;
  vec2 h1 = (cell + 1.5 + w3 / (1.0 - g0)) / u_size;
  vec4 color = mix(
    mix(texture(u_shade, h1), texture(u_shade, vec2(h0.x, h1.y)), g0.x),
    mix(texture(u_shade, vec2(h1.x, h0.y)), texture(u_shade, h0), g0.x), g0.y);
  // The colours come multiplied, so that an empty cell does not darken its neighbour.
  pixel = color * u_strength;
}`;

const LINE_VERTEX = `${PLACE}
layout(location = 0) in vec4 a_ends;
layout(location = 1) in vec4 a_color;
uniform vec2 u_screen;         // device pixels
uniform float u_half_width;
flat out vec4 v_color;
out float v_across;

void main() {
  bool far = gl_VertexID == 1 || gl_VertexID == 2 || gl_VertexID == 4;
  float side = gl_VertexID == 0 || gl_VertexID == 1 || gl_VertexID == 3 ? -1.0 : 1.0;
  vec4 a = at(a_ends.xy), b = at(a_ends.zw);
  vec2 start = a.xy / a.w * 0.5 * u_screen;
  vec2 way = b.xy / b.w * 0.5 * u_screen - start;
  float size = length(way);
  vec2 along = size > 1e-4 ? way / size : vec2(1.0, 0.0);
  v_across = side * (u_half_width + 1.0);
  v_color = a_color;
  vec2 place = start + way * float(far) + vec2(-along.y, along.x) * v_across;
  gl_Position = vec4(place / (0.5 * u_screen), 0.0, 1.0);
}`;

const LINE_FRAGMENT = `
uniform float u_half_width, u_strength;
flat in vec4 v_color;
in float v_across;
out vec4 pixel;
void main() {
  float alpha = v_color.a * u_strength * clamp(u_half_width + 0.5 - abs(v_across), 0.0, 1.0);
  pixel = vec4(v_color.rgb * alpha, alpha);
}`;

interface OnGpu {
  texture: WebGLTexture | null;
  ends: WebGLBuffer | null;
  colors: WebGLBuffer | null;
  array: WebGLVertexArrayObject | null;
}

/**
 * How crowded the flat map is: a soft picture and lines. Both lie in the units of the map, so a
 * moving camera costs nothing, and need eight bits a channel only.
 */
export class Density {
  private readonly context: Context;
  /** At mix 0 and at mix 1; the same object where nothing moves. */
  private shown: readonly [DensityData | null, DensityData | null] = [null, null];
  private readonly onGpu = new Map<DensityData, OnGpu>();
  private shadeProgram: Program | undefined;
  private lineProgram: Program | undefined;

  constructor(context: Context) {
    this.context = context;
  }

  /** Bytes on the GPU. */
  get bytes(): number {
    let sum = 0;
    for (const data of this.onGpu.keys()) {
      sum += data.shade.byteLength + data.lines.byteLength + data.colors.byteLength;
    }
    return sum;
  }

  /** Shows these, mixed as the snapshots are; null for none. */
  set(from: DensityData | null, to: DensityData | null): void {
    this.shown = [from, to];
    for (const [data, there] of this.onGpu) {
      if (data === from || data === to) continue;
      this.free(there);
      this.onGpu.delete(data);
    }
  }

  draw(shot: Shot): void {
    const { view } = shot;
    const flat = 1 - view.depth;
    for (const [end, data] of this.shown.entries()) {
      const one = this.shown[0] === this.shown[1];
      const share = one ? 1 - end : end === 0 ? 1 - shot.mix : shot.mix;
      if (data === null || share * flat <= 0) continue;
      this.shade(shot, data, share * flat * (view.density ?? 0));
      this.lines(shot, data, share * flat * (view.contours ?? 0));
    }
  }

  /** Makes the GPU's objects again after the context was lost. */
  restore(): void {
    this.shadeProgram = this.lineProgram = undefined;
    this.onGpu.clear();
  }

  /** Frees the GPU's memory. */
  delete(): void {
    for (const there of this.onGpu.values()) this.free(there);
    this.onGpu.clear();
  }

  private shade(shot: Shot, data: DensityData, strength: number): void {
    if (strength <= 0 || data.size === 0) return;
    const { gl } = this.context;
    const { texture } = this.there(data);
    this.shadeProgram ??= new Program(gl, shaderText(SHADE_VERTEX), shaderText(SHADE_FRAGMENT));
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    this.place(this.shadeProgram.use(), shot)
      .float("u_box", ...data.low, ...data.high)
      .float("u_size", data.size)
      .float("u_strength", strength)
      .int("u_shade", 0);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    gl.bindTexture(gl.TEXTURE_2D, null);
  }

  private lines(shot: Shot, data: DensityData, strength: number): void {
    const count = data.lines.length / 4;
    if (strength <= 0 || count === 0) return;
    const { gl } = this.context;
    const { pixelRatio, viewport } = shot;
    this.lineProgram ??= new Program(gl, shaderText(LINE_VERTEX), shaderText(LINE_FRAGMENT));
    this.place(this.lineProgram.use(), shot)
      .float("u_screen", viewport.width * pixelRatio, viewport.height * pixelRatio)
      .float("u_half_width", 0.6 * pixelRatio)
      .float("u_strength", strength);
    gl.bindVertexArray(this.there(data).array);
    gl.drawArraysInstanced(gl.TRIANGLES, 0, 6, count);
    gl.bindVertexArray(null);
  }

  private place(program: Program, { camera }: Shot): Program {
    return program
      .float("u_planar_frame", ...camera.planarFrame.center, camera.planarFrame.scale)
      .matrix("u_matrix", camera.matrix);
  }

  private there(data: DensityData): OnGpu {
    const { gl } = this.context;
    const known = this.onGpu.get(data);
    if (known !== undefined) return known;
    const texture = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, data.size, data.size);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    const { size, shade } = data;
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, size, size, gl.RGBA, gl.UNSIGNED_BYTE, shade);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
      gl.texParameteri(gl.TEXTURE_2D, name, gl.LINEAR);
    }
    for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) {
      gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE);
    }
    const array = gl.createVertexArray();
    gl.bindVertexArray(array);
    const buffer = (index: number, numbers: Float32Array | Uint8Array, bytes: boolean) => {
      const made = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, made);
      gl.bufferData(gl.ARRAY_BUFFER, numbers, gl.STATIC_DRAW);
      gl.enableVertexAttribArray(index);
      gl.vertexAttribPointer(index, 4, bytes ? gl.UNSIGNED_BYTE : gl.FLOAT, bytes, 0, 0);
      gl.vertexAttribDivisor(index, 1);
      return made;
    };
    const ends = buffer(0, data.lines, false);
    const colors = buffer(1, data.colors, true);
    gl.bindVertexArray(null);
    gl.bindBuffer(gl.ARRAY_BUFFER, null);
    const made = { texture, ends, colors, array };
    this.onGpu.set(data, made);
    return made;
  }

  private free({ texture, ends, colors, array }: OnGpu): void {
    const { gl } = this.context;
    gl.deleteTexture(texture);
    for (const buffer of [ends, colors]) gl.deleteBuffer(buffer);
    gl.deleteVertexArray(array);
  }
}
