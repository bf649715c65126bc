import { HIDDEN } from "../geometry/rows.js";
import type { Positions } from "../geometry/rows.js";
import type { Context } from "./context.js";
import { Program, shaderText } from "./program.js";
import { LAYOUTS, RowTexture } from "./row_texture.js";
import { FIRST_FREE_UNIT, type Shot, bindPlaces, bindTextures, placeFunction } from "./shot.js";

/** The paths of some rows over the training steps. */
export interface TrailData {
  readonly rows: Uint32Array;
  /** Steps per path. */
  readonly steps: number;
  /** Places of row r at step s at index r * steps + s, per fit; NaN where absent. */
  readonly positions: Positions;
  /** Index of the step on screen; between two steps when it has a fraction. */
  readonly current: number;
}

// `place` reads the paths instead of a snapshot, so trails follow both fits and the camera as
// points do. Each piece is a quad of six vertices around its two ends.
const VERTEX = `
uniform usampler2D u_trail_rows, u_flags;
uniform sampler2D u_colors;
uniform ivec2 u_known;         // rows that have flags, colours
uniform int u_steps;
uniform float u_current, u_half_width, u_alpha;
uniform vec2 u_screen;         // device pixels
uniform vec3 u_plain;

flat out vec3 v_color;
out float v_alpha;
out float v_across;            // device pixels from the middle line
out float v_half;

vec3 on_screen(int trail, int step, inout bool seen) {
  if (step < 0 || step >= u_steps) { seen = false; return vec3(0.0); }
  vec4 at = place(trail * u_steps + step);
  vec4 clip = u_matrix * vec4(at.xyz, 1.0);
  if (at.w < 1.0 || clip.w < 0.05) { seen = false; return vec3(0.0); }
  return vec3(clip.xy / clip.w * 0.5 * u_screen, clip.z / clip.w);
}

vec2 direction(vec2 way) {
  float size = length(way);
  return size > 1e-4 ? way / size : vec2(0.0);
}

void main() {
  int piece = gl_VertexID / 6;
  int corner = gl_VertexID % 6;
  bool far = corner == 1 || corner == 2 || corner == 4;
  float side = corner == 0 || corner == 1 || corner == 3 ? -1.0 : 1.0;
  int trail = piece / (u_steps - 1);
  int first = piece % (u_steps - 1);
  gl_Position = vec4(0.0, 0.0, 2.0, 1.0);
  v_color = vec3(0.0);
  v_alpha = v_across = v_half = 0.0;

  int row = int(texelFetch(u_trail_rows, texel(trail), 0).r);
  if (row < u_known.x && (texelFetch(u_flags, texel(row), 0).r & ${HIDDEN}u) != 0u) return;
  bool seen = true;
  vec3 a = on_screen(trail, first, seen);
  vec3 b = on_screen(trail, first + 1, seen);
  if (!seen) return;

  // At a bend the two pieces share the corner that halves it, so that no gap opens.
  int beyond = far ? first + 2 : first - 1;
  bool bends = true;
  vec3 c = on_screen(trail, beyond, bends);
  vec2 along = direction(b.xy - a.xy);
  vec2 next = bends ? direction(far ? c.xy - b.xy : a.xy - c.xy) : along;
  vec2 tangent = direction(along + next);
  if (dot(tangent, along) < 0.5) tangent = along;
  vec2 normal = vec2(-tangent.y, tangent.x);

  float step = float(far ? first + 1 : first);
  float since = (u_current - step) / float(max(u_steps - 1, 1));
  // What was stays visible for long, what comes is only hinted at.
  float strength = since >= 0.0 ? max(0.15, exp(-3.0 * since)) : 0.4 * exp(9.0 * since);
  v_alpha = u_alpha * strength;
  v_half = u_half_width * mix(0.55, 1.0, strength);
  v_across = side * (v_half + 1.0);
  v_color = row < u_known.y ? texelFetch(u_colors, texel(row), 0).rgb : u_plain;
  vec3 at = far ? b : a;
  vec2 offset = normal * v_across / max(0.5, dot(tangent, along));
  gl_Position = vec4((at.xy + offset) / (0.5 * u_screen), at.z, 1.0);
}`;

const FRAGMENT = `
flat in vec3 v_color;
in float v_alpha;
in float v_across;
in float v_half;
out vec4 pixel;

void main() {
  float alpha = v_alpha * clamp(v_half + 0.5 - abs(v_across), 0.0, 1.0);
  pixel = vec4(v_color * alpha, alpha);
}`;

/** Lines from where rows were to where they will be, fading with the distance in time. */
export class Trails {
  private readonly context: Context;
  private readonly rows: RowTexture;
  private readonly planar: RowTexture;
  private readonly spatial: RowTexture;
  private trails = 0;
  private steps = 0;
  private current = 0;
  private program: Program | undefined;

  constructor(context: Context) {
    this.context = context;
    this.rows = new RowTexture(context, LAYOUTS.index);
    this.planar = new RowTexture(context, LAYOUTS.planar);
    this.spatial = new RowTexture(context, LAYOUTS.spatial);
  }

  /** Every texture there is. */
  get textures(): readonly RowTexture[] {
    return [this.rows, this.planar, this.spatial];
  }

  /** Replaces the trails. */
  set({ rows, steps, positions, current }: TrailData): void {
    this.trails = rows.length;
    this.steps = steps;
    this.current = current;
    this.rows.upload(rows);
    this.planar.upload(positions.planar ?? new Float32Array(0));
    this.spatial.upload(positions.spatial ?? new Float32Array(0));
  }

  /** Says which step is on screen, between two when fractional; nothing is uploaded. */
  moveTo(current: number): void {
    this.current = current;
  }

  draw(shot: Shot, colors: RowTexture, flags: RowTexture): void {
    if (this.trails === 0 || this.steps < 2) return;
    const { gl } = this.context;
    const { pixelRatio, viewport, view } = shot;
    this.program ??= new Program(
      gl,
      shaderText(placeFunction(this.context) + VERTEX),
      shaderText(FRAGMENT),
    );
    const program = this.program.use();
    const paths = { planar: this.planar, spatial: this.spatial };
    bindPlaces(program, { ...shot, from: paths, to: paths, mix: 1 });
    bindTextures(
      program,
      [
        ["u_trail_rows", this.rows],
        ["u_flags", flags],
        ["u_colors", colors],
      ],
      FIRST_FREE_UNIT,
    );
    program
      .int("u_known", flags.count, colors.count)
      .int("u_steps", this.steps)
      .float("u_current", this.current)
      .float("u_half_width", 0.8 * pixelRatio)
      // Many trails at once are a texture, not lines: each is fainter.
      .float("u_alpha", Math.min(0.85, Math.max(0.15, 6 / Math.sqrt(this.trails))))
      .float("u_screen", viewport.width * pixelRatio, viewport.height * pixelRatio)
      .float("u_plain", ...view.theme.plain.map((value) => value / 255));
    gl.drawArrays(gl.TRIANGLES, 0, this.trails * (this.steps - 1) * 6);
  }

  /** Makes the GPU's objects again after the context was lost. */
  restore(): void {
    this.program = undefined;
    for (const texture of this.textures) texture.restore();
  }
}
