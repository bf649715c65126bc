import { HIDDEN } from "../geometry/rows.js";
import type { Context } from "./context.js";
import { Program, shaderText } from "./program.js";
import { LAYOUTS, RowTexture } from "./row_texture.js";
import { FIRST_FREE_UNIT, type Shot, bindPlaces, bindTextures, placeFunction } from "./shot.js";

/** Straight lines between rows. */
export interface LineData {
  /** The two rows of each line. */
  readonly ends: Uint32Array;
  /** Four bytes for each line; the fourth says how strong it is. */
  readonly colors: Uint8Array;
  /** 1 for a broken line. */
  readonly dashed: Uint8Array;
}

/** Rings around rows. */
export interface RingData {
  readonly rows: Uint32Array;
  /** Four bytes for each ring. */
  readonly colors: Uint8Array;
}

// The ends are rows of the snapshot, read by the same `place` as the points: a line follows its
// points through every step, both fits and the camera without being uploaded again.
const LINE_VERTEX = `
uniform usampler2D u_ends, u_flags, u_dashed;
uniform sampler2D u_colors;
uniform int u_known;           // rows that have flags
uniform float u_half_width;
uniform vec2 u_screen;         // device pixels

flat out vec4 v_color;
flat out float v_dash;
out float v_across;            // device pixels from the middle line
out float v_along;             // device pixels from the first end

bool hidden(int row) {
  return row < u_known && (texelFetch(u_flags, texel(row), 0).r & ${HIDDEN}u) != 0u;
}

void main() {
  int line = gl_VertexID / 6;
  int corner = gl_VertexID % 6;
  bool far = corner == 1 || corner == 2 || corner == 4;
  float side = corner == 0 || corner == 1 || corner == 3 ? -1.0 : 1.0;
  gl_Position = vec4(0.0, 0.0, 2.0, 1.0);
  v_color = vec4(0.0);
  v_dash = v_across = v_along = 0.0;

  int first = int(texelFetch(u_ends, texel(2 * line), 0).r);
  int second = int(texelFetch(u_ends, texel(2 * line + 1), 0).r);
  if (hidden(first) || hidden(second)) return;
  vec4 from = place(first);
  vec4 to = place(second);
  vec4 a = u_matrix * vec4(from.xyz, 1.0);
  vec4 b = u_matrix * vec4(to.xyz, 1.0);
  if (from.w <= 0.0 || to.w <= 0.0 || a.w < 0.05 || b.w < 0.05) return;

  vec2 start = a.xy / a.w * 0.5 * u_screen;
  vec2 way = b.xy / b.w * 0.5 * u_screen - start;
  float size = length(way);
  if (size < 1e-3) return;
  vec2 along = way / size;
  v_across = side * (u_half_width + 1.0);
  v_along = far ? size : 0.0;
  v_dash = float(texelFetch(u_dashed, texel(line), 0).r);
  v_color = texelFetch(u_colors, texel(line), 0);
  v_color.a *= min(from.w, to.w);
  vec2 at = start + way * (far ? 1.0 : 0.0) + vec2(-along.y, along.x) * v_across;
  vec4 end = far ? b : a;
  gl_Position = vec4(at / (0.5 * u_screen), end.z / end.w, 1.0);
}`;

const LINE_FRAGMENT = `
uniform float u_half_width, u_period;
flat in vec4 v_color;
flat in float v_dash;
in float v_across;
in float v_along;
out vec4 pixel;

void main() {
  float alpha = v_color.a * clamp(u_half_width + 0.5 - abs(v_across), 0.0, 1.0);
  float phase = mod(v_along, u_period) - 0.6 * u_period;
  alpha *= mix(1.0, clamp(0.5 - phase, 0.0, 1.0), v_dash);
  pixel = vec4(v_color.rgb * alpha, alpha);
}`;

const RING_VERTEX = `
uniform usampler2D u_rows_ringed, u_flags;
uniform sampler2D u_colors;
uniform int u_known;
uniform float u_radius, u_width, u_max_size;

flat out vec4 v_color;
flat out float v_radius;
flat out float v_size;

void main() {
  int row = int(texelFetch(u_rows_ringed, texel(gl_VertexID), 0).r);
  gl_Position = vec4(0.0, 0.0, 2.0, 1.0);
  gl_PointSize = 1.0;
  v_color = vec4(0.0);
  v_radius = v_size = 1.0;
  if (row < u_known && (texelFetch(u_flags, texel(row), 0).r & ${HIDDEN}u) != 0u) return;
  vec4 at = place(row);
  if (at.w <= 0.0) return;
  gl_Position = u_matrix * vec4(at.xyz, 1.0);
  // As large as the dot it surrounds, which is larger the nearer it is.
  float near = mix(1.0, clamp(1.0 / gl_Position.w, 0.35, 4.0), u_depth);
  v_radius = min(u_radius * near + 2.5 * u_width, 0.5 * u_max_size - u_width - 1.0);
  v_size = 2.0 * (v_radius + u_width) + 2.0;
  v_color = texelFetch(u_colors, texel(gl_VertexID), 0);
  v_color.a *= at.w;
  gl_PointSize = v_size;
}`;

const RING_FRAGMENT = `
uniform float u_width;
flat in vec4 v_color;
flat in float v_radius;
flat in float v_size;
out vec4 pixel;

void main() {
  float away = abs(length((gl_PointCoord - 0.5) * v_size) - v_radius);
  float alpha = v_color.a * clamp(0.5 * u_width + 0.5 - away, 0.0, 1.0);
  if (alpha <= 0.0) discard;
  pixel = vec4(v_color.rgb * alpha, alpha);
}`;

/** Lines between rows, and rings around rows. */
export class Lines {
  private readonly context: Context;
  private readonly ends: RowTexture;
  private readonly lineColors: RowTexture;
  private readonly dashed: RowTexture;
  private readonly ringed: RowTexture;
  private readonly ringColors: RowTexture;
  private lines = 0;
  private rings = 0;
  private lineProgram: Program | undefined;
  private ringProgram: Program | undefined;

  constructor(context: Context) {
    this.context = context;
    this.ends = new RowTexture(context, LAYOUTS.index);
    this.lineColors = new RowTexture(context, LAYOUTS.color);
    this.dashed = new RowTexture(context, LAYOUTS.byte);
    this.ringed = new RowTexture(context, LAYOUTS.index);
    this.ringColors = new RowTexture(context, LAYOUTS.color);
  }

  /** Every texture there is. */
  get textures(): readonly RowTexture[] {
    return [this.ends, this.lineColors, this.dashed, this.ringed, this.ringColors];
  }

  /** Replaces the lines. */
  setLines({ ends, colors, dashed }: LineData): void {
    this.lines = Math.floor(ends.length / 2);
    if (this.lines === 0) return;
    this.ends.upload(ends);
    this.lineColors.upload(colors);
    this.dashed.upload(dashed);
  }

  /** Replaces the rings. */
  setRings({ rows, colors }: RingData): void {
    this.rings = rows.length;
    if (this.rings === 0) return;
    this.ringed.upload(rows);
    this.ringColors.upload(colors);
  }

  drawLines(shot: Shot, flags: RowTexture): void {
    if (this.lines === 0) return;
    const { gl } = this.context;
    const { pixelRatio, viewport } = shot;
    this.lineProgram ??= this.program(LINE_VERTEX, LINE_FRAGMENT);
    const program = this.lineProgram.use();
    bindPlaces(program, shot);
    bindTextures(
      program,
      [
        ["u_ends", this.ends],
        ["u_flags", flags],
        ["u_dashed", this.dashed],
        ["u_colors", this.lineColors],
      ],
      FIRST_FREE_UNIT,
    );
    program
      .int("u_known", flags.count)
      .float("u_half_width", 0.7 * pixelRatio)
      .float("u_period", 8 * pixelRatio)
      .float("u_screen", viewport.width * pixelRatio, viewport.height * pixelRatio);
    gl.drawArrays(gl.TRIANGLES, 0, 6 * this.lines);
  }

  drawRings(shot: Shot, flags: RowTexture): void {
    if (this.rings === 0) return;
    const { gl, limits } = this.context;
    this.ringProgram ??= this.program(RING_VERTEX, RING_FRAGMENT);
    const program = this.ringProgram.use();
    bindPlaces(program, shot);
    bindTextures(
      program,
      [
        ["u_rows_ringed", this.ringed],
        ["u_flags", flags],
        ["u_colors", this.ringColors],
      ],
      FIRST_FREE_UNIT,
    );
    program
      .int("u_known", flags.count)
      .float("u_radius", (shot.view.pointSize * shot.pixelRatio) / 2)
      .float("u_width", 1.5 * shot.pixelRatio)
      .float("u_max_size", limits.maxPointSize);
    gl.drawArrays(gl.POINTS, 0, this.rings);
  }

  /** Makes the GPU's objects again after the context was lost. */
  restore(): void {
    this.lineProgram = this.ringProgram = undefined;
    for (const texture of this.textures) texture.restore();
  }

  private program(vertex: string, fragment: string): Program {
    return new Program(
      this.context.gl,
      shaderText(placeFunction(this.context) + vertex),
      shaderText(fragment),
    );
  }
}
