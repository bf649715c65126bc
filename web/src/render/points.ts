import { HIDDEN, HIGHLIGHTED, SELECTED, TOUCHABLE, UNKNOWN_TRUST } from "../geometry/rows.js";
import type { Context } from "./context.js";
import { THICKNESS } from "./mix.js";
import { Program, shaderText } from "./program.js";
import { LAYOUTS, RowTexture } from "./row_texture.js";
import { FIRST_FREE_UNIT, type Shot, bindPlaces, bindTextures, placeFunction } from "./shot.js";

/**
 * How the discs of a pass meet. "blend": all of each disc, over what is there (2D). "core": the
 * fully covered pixels of opaque discs, with depth; "sum": all that lets light through, added up
 * so that no order shows; "fringe": what "sum" is where nothing can be added up. "pick": the
 * row's number instead of its colour.
 */
type Pass = "blend" | "core" | "sum" | "fringe" | "pick";

// One gl.POINTS vertex a row, which fetches its row by gl_VertexID. In software rendering, as in
// CI and on machines without a GPU, this took half the time of six vertices a row (100,000 rows:
// 64 ms against 130 ms), and dots never come near the largest size that devices allow.
const VERTEX = `
uniform usampler2D u_flags, u_trust;
uniform sampler2D u_colors;
uniform ivec3 u_known;      // rows that have flags, trust, colours
uniform int u_count;
uniform float u_pixels;     // device pixels to a CSS pixel
uniform float u_radius;     // in device pixels
uniform float u_max_size;
uniform float u_opacity, u_trust_fade;
uniform bool u_dim, u_given;  // whether some are selected; whether somebody chose the opacity
uniform vec3 u_canvas, u_plain, u_highlight;

flat out vec4 v_color;
flat out vec4 v_ring;       // colour of the ring and its width
flat out float v_radius;
flat out float v_size;
flat out uint v_id;

// On the way from the plane into space rows turn opaque one after the other, not all at once.
bool opaque(int row) {
  float turn = fract(float((row * 40503) & 0xffff) / 65536.0);
  return !u_given && u_depth > 0.2 + 0.75 * turn;
}

void leave_out() {
  gl_Position = vec4(0.0, 0.0, 2.0, 1.0);
  gl_PointSize = 1.0;
  v_color = vec4(0.0);
  v_ring = vec4(0.0);
  v_radius = 0.0;
  v_size = 1.0;
  v_id = 0u;
}

void main() {
  int row = gl_VertexID;
  uint flags = row < u_known.x ? texelFetch(u_flags, texel(row), 0).r : 0u;
#ifdef RAISED
  bool hidden = (flags & ${HIDDEN}u) != 0u;
#else
  bool hidden = (flags & ${HIDDEN | SELECTED | HIGHLIGHTED}u) != 0u;
#endif
  // The first thing every path does: a row that is left out early is left out whole.
  leave_out();
  if (hidden || row >= u_count) return;
  vec4 at = place(row);
#ifdef PICK
  if (at.w < ${TOUCHABLE.toFixed(2)}) return;
#endif
  if (at.w <= 0.0) return;
  gl_Position = u_matrix * vec4(at.xyz, 1.0);

  float fade = 1.0;
  if (u_trust_fade > 0.0 && row < u_known.y) {
    uint trust = texelFetch(u_trust, texel(row), 0).r;
    float known = trust == ${UNKNOWN_TRUST}u ? 1.0 : float(trust) / 254.0;
    fade = mix(1.0, max(0.04, known * known), u_trust_fade);
  }
#ifndef RAISED
  if (u_dim) fade *= mix(0.22, 0.32, u_depth);
#endif

  // Flat, a faded point turns transparent. In space it must stay opaque, or it would hide
  // others unseen: it takes on the canvas's colour, and less room.
  float away = gl_Position.w;
  float radius = u_radius * mix(1.0, mix(0.6, 1.0, fade) * clamp(1.0 / away, 0.35, 4.0), u_depth);
  vec4 color = row < u_known.z ? texelFetch(u_colors, texel(row), 0) : vec4(u_plain, 1.0);
  float haze = 0.6 * smoothstep(0.85, 2.2, away);
  color.rgb = mix(color.rgb, u_canvas, u_depth * (1.0 - fade * (1.0 - haze)));
  v_color = vec4(color.rgb, color.a * at.w * u_opacity * mix(fade, 1.0, u_depth));
#ifdef SORTED
  if (opaque(row)) v_color.a = color.a * at.w;
  else if (u_given) v_color.a *= mix(1.0, clamp(pow(away, -1.5), 0.05, 1.0), u_depth);
  // Of two points in one place the same one is in front, whichever comes first.
  float shade = fract(dot(color.rgb, vec3(0.31, 0.53, 0.17)) * 61.0);
  gl_Position.z += 1e-6 * u_depth * away * shade;
#endif

  v_ring = vec4(0.0);
#ifdef RAISED
  v_ring = vec4(u_canvas, u_pixels * 0.75);
  if ((flags & ${HIGHLIGHTED}u) != 0u) {
    v_ring = vec4(u_highlight, u_pixels * 1.5);
    v_color.a = color.a;
    radius += u_pixels;
  }
#endif
  // One pixel more than the disc on each side, so that its soft edge is never cut.
  v_size = min(u_max_size, 2.0 * (radius + v_ring.a) + 2.0);
  v_radius = min(radius, 0.5 * v_size - v_ring.a - 1.0);
  v_id = uint(row) + 1u;
  gl_PointSize = v_size;
}`;

const FRAGMENT = `
uniform float u_shade;
uniform bool u_spatial;
flat in vec4 v_color;
flat in vec4 v_ring;
flat in float v_radius;
flat in float v_size;
flat in uint v_id;
#ifdef PICK
out uint id;
#else
out vec4 pixel;
#endif

#ifdef SUM
${THICKNESS}
#endif

void main() {
  float from_center = length((gl_PointCoord - 0.5) * v_size);
  float whole = v_radius + v_ring.a;
#ifdef PICK
  // A dot smaller than a pixel still covers the one it is in.
  if (from_center > max(whole, 0.75)) discard;
  id = v_id;
#else
  float cover = clamp(whole + 0.5 - from_center, 0.0, 1.0);
  // The smallest dots have no pixel that they cover whole.
  bool covered = cover >= (whole < 1.0 ? 0.5 : 0.99);
#ifdef SORTED
  bool in_core = covered && v_color.a >= 0.99 && u_spatial;
#else
  bool in_core = covered;
#endif
  if (cover <= 0.0) discard;
#ifdef CORE
  if (!in_core) discard;
#endif
#if defined(SUM) || defined(FRINGE)
  if (in_core) discard;
#endif
  vec3 color = v_color.rgb;
#ifndef BLEND
  float rim = smoothstep(0.45, 1.0, from_center / max(v_radius, 0.001));
  color *= 1.0 - u_shade * rim;
#endif
#ifdef RAISED
  color = mix(v_ring.rgb, color, clamp(v_radius + 0.5 - from_center, 0.0, 1.0));
#endif
  float alpha = v_color.a * cover;
#ifdef SUM
  pixel = thickness(color, alpha);
#elif defined(SORTED)
  pixel = vec4(color, 1.0);
#else
  pixel = vec4(color * alpha, alpha);
#endif
#endif
}`;

/** All rows as round dots. The mark owns what rows look like: colours, flags and trust. */
export class Points {
  readonly colors: RowTexture;
  readonly trust: RowTexture;
  readonly flags: RowTexture;
  private readonly context: Context;
  private readonly programs = new Map<string, Program>();
  private raised = new Uint32Array(0);
  private raisedBuffer: WebGLBuffer | null = null;
  private counts = { rows: 0, hidden: 0, selected: 0 };

  constructor(context: Context) {
    this.context = context;
    this.colors = new RowTexture(context, LAYOUTS.color);
    this.flags = new RowTexture(context, LAYOUTS.byte);
    this.trust = new RowTexture(context, LAYOUTS.byte);
  }

  /** Every texture there is, to be filled again after a loss. */
  get textures(): readonly RowTexture[] {
    return [this.colors, this.flags, this.trust];
  }

  /** Sets the flags of all rows and lists the rows that are drawn last, above the others. */
  setFlags(flags: Uint8Array): void {
    this.flags.upload(flags);
    let [hidden, selected, highlighted] = [0, 0, 0];
    for (const flag of flags) {
      if (flag & HIDDEN) hidden++;
      else if (flag & HIGHLIGHTED) highlighted++;
      else if (flag & SELECTED) selected++;
    }
    this.counts = { rows: flags.length, hidden, selected };
    this.raised = new Uint32Array(selected + highlighted);
    let [nextSelected, nextHighlighted] = [0, selected];
    for (let row = 0; row < flags.length && this.raised.length > 0; row++) {
      const flag = flags[row]!;
      if (flag === 0 || flag & HIDDEN) continue;
      if (flag & HIGHLIGHTED) this.raised[nextHighlighted++] = row;
      else if (flag & SELECTED) this.raised[nextSelected++] = row;
    }
    this.fillRaised();
  }

  /** Whether any row is selected or highlighted. */
  get hasRaised(): boolean {
    return this.raised.length > 0;
  }

  /** About how many rows of a prefix are visible, and how many of these are selected. */
  visible(count: number): { drawn: number; selected: number } {
    const share = this.counts.rows > 0 ? count / this.counts.rows : 1;
    return {
      drawn: Math.max(0, count - this.counts.hidden * share),
      selected: this.counts.selected * share,
    };
  }

  /**
   * Draws the rows that are neither selected nor highlighted, or, `raised`, those that are.
   * `sorted`: the pass is one of those whose picture does not depend on the order of rows.
   */
  draw(shot: Shot, pass: Pass, raised: boolean, sorted = false): void {
    if (raised && this.raised.length === 0) return;
    const { gl, limits } = this.context;
    const { view, pixelRatio } = shot;
    const { theme } = view;
    const program = this.program(pass, raised, sorted).use();
    bindPlaces(program, shot);
    bindTextures(
      program,
      [
        ["u_colors", this.colors],
        ["u_flags", this.flags],
        ["u_trust", this.trust],
      ],
      FIRST_FREE_UNIT,
    );
    program
      .int("u_known", this.flags.count, this.trust.count, this.colors.count)
      .int("u_count", shot.count)
      .int("u_dim", view.selectionActive ? 1 : 0)
      .int("u_given", view.opacity === undefined ? 0 : 1)
      .int("u_spatial", view.depth > 0 ? 1 : 0)
      .float("u_pixels", pixelRatio)
      .float("u_radius", (view.pointSize * pixelRatio) / 2)
      .float("u_max_size", limits.maxPointSize)
      .float("u_opacity", raised ? shot.selectedOpacity : shot.opacity)
      .float("u_trust_fade", view.trustFade)
      .float("u_shade", 0.2 * view.depth)
      .float("u_canvas", ...theme.canvas.map((value) => value / 255))
      .float("u_plain", ...theme.plain.map((value) => value / 255))
      .float("u_highlight", ...theme.highlight.map((value) => value / 255));
    if (raised) {
      // gl_VertexID is then the index, so this costs what is raised, not what there is.
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.raisedBuffer);
      gl.drawElements(gl.POINTS, this.raised.length, gl.UNSIGNED_INT, 0);
    } else gl.drawArrays(gl.POINTS, 0, shot.count);
  }

  /** Makes the GPU's objects again after the context was lost. */
  restore(): void {
    this.programs.clear();
    this.raisedBuffer = null;
    for (const texture of this.textures) texture.restore();
    this.fillRaised();
  }

  private fillRaised(): void {
    const { gl } = this.context;
    if (this.context.lost) return;
    this.raisedBuffer ??= gl.createBuffer();
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.raisedBuffer);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, this.raised, gl.DYNAMIC_DRAW);
  }

  private program(pass: Pass, raised: boolean, sorted: boolean): Program {
    const key = `${pass} ${raised} ${sorted}`;
    let program = this.programs.get(key);
    if (!program) {
      const switches = [
        pass.toUpperCase(),
        ...(raised ? ["RAISED"] : []),
        ...(sorted ? ["SORTED"] : []),
      ];
      program = new Program(
        this.context.gl,
        shaderText(placeFunction(this.context) + VERTEX, switches),
        shaderText(FRAGMENT, switches),
      );
      this.programs.set(key, program);
    }
    return program;
  }
}
