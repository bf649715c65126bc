import type { CameraUniforms, Viewport } from "../geometry/camera.js";
import type { Context } from "./context.js";
import type { Program } from "./program.js";
import { type RowTexture, texelFunction } from "./row_texture.js";
import type { View } from "./view.js";

/** Positions in both fits, as textures: a snapshot's, or those of trails. */
export interface Places {
  readonly planar: RowTexture;
  readonly spatial: RowTexture;
}

/** A view with everything in it looked up, ready to be drawn at some resolution. */
export interface Shot {
  readonly view: View;
  readonly from: Places;
  readonly to: Places;
  readonly mix: number;
  readonly camera: CameraUniforms;
  /** In CSS pixels. */
  readonly viewport: Viewport;
  /** Device pixels to one CSS pixel. */
  readonly pixelRatio: number;
  /** Rows drawn. */
  readonly count: number;
  readonly opacity: number;
  readonly selectedOpacity: number;
}

/** Texture units: the four position samplers come first, each mark's own ones after them. */
export const FIRST_FREE_UNIT = 4;

/**
 * Vertex program text for `vec4 place(int row)`: the row's world position, mixed between two
 * snapshots and between the two fits, and its presence from 0 (absent) to 1. A row that is absent
 * on one side stays where it is on the other and fades, rather than flying in from nowhere.
 */
export function placeFunction(context: Context): string {
  return `
uniform usampler2D u_planar_from, u_planar_to, u_spatial_from, u_spatial_to;
uniform ivec4 u_rows;          // rows in each of these; 0 where the fit is missing
uniform float u_mix, u_depth;
uniform vec4 u_planar_frame;   // center, scale
uniform vec4 u_spatial_frame;
uniform mat4 u_matrix;

${texelFunction(context)}

bool finite(uvec3 bits) {
  // isnan() may be compiled away; an exponent of all ones is NaN or infinity in any case.
  return all(notEqual(bits & 0x7f800000u, uvec3(0x7f800000u)));
}

vec4 planar(usampler2D rows, int count, int row) {
  if (row >= count) return vec4(0.0);
  uvec3 bits = uvec3(texelFetch(rows, texel(row), 0).xy, 0u);
  if (!finite(bits)) return vec4(0.0);
  vec2 at = (uintBitsToFloat(bits.xy) - u_planar_frame.xy) * u_planar_frame.w;
  return vec4(at, 0.0, 1.0);
}

vec4 spatial(usampler2D rows, int count, int row) {
  if (row >= count) return vec4(0.0);
  uvec3 bits = texelFetch(rows, texel(row), 0).xyz;
  if (!finite(bits)) return vec4(0.0);
  return vec4((uintBitsToFloat(bits) - u_spatial_frame.xyz) * u_spatial_frame.w, 1.0);
}

vec4 between(vec4 a, vec4 b, float t) {
  vec3 at = a.w == 0.0 ? b.xyz : b.w == 0.0 ? a.xyz : mix(a.xyz, b.xyz, t);
  return vec4(at, mix(a.w, b.w, t));
}

vec4 planar_place(int row) {
  vec4 to = planar(u_planar_to, u_rows.y, row);
  return u_mix >= 1.0 ? to : between(planar(u_planar_from, u_rows.x, row), to, u_mix);
}

vec4 spatial_place(int row) {
  vec4 to = spatial(u_spatial_to, u_rows.w, row);
  return u_mix >= 1.0 ? to : between(spatial(u_spatial_from, u_rows.z, row), to, u_mix);
}

vec4 place(int row) {
  // The conditions are the same for all rows, so what is not asked for is not fetched.
  if (u_depth <= 0.0) return planar_place(row);
  if (u_depth >= 1.0) return spatial_place(row);
  return between(planar_place(row), spatial_place(row), u_depth);
}`;
}

/** Gives a program what `place` reads. */
export function bindPlaces(program: Program, shot: Shot): void {
  const { from, to, camera } = shot;
  bindTextures(program, [
    ["u_planar_from", from.planar],
    ["u_planar_to", to.planar],
    ["u_spatial_from", from.spatial],
    ["u_spatial_to", to.spatial],
  ]);
  program
    .int("u_rows", from.planar.count, to.planar.count, from.spatial.count, to.spatial.count)
    .float("u_mix", shot.mix)
    .float("u_planar_frame", ...camera.planarFrame.center, camera.planarFrame.scale)
    .float("u_spatial_frame", ...camera.spatialFrame.center, camera.spatialFrame.scale)
    .float("u_depth", shot.view.depth)
    .matrix("u_matrix", camera.matrix);
}

/** Binds textures to consecutive units, from the given one, and tells the samplers. */
export function bindTextures(
  program: Program,
  textures: readonly (readonly [string, RowTexture])[],
  first = 0,
): void {
  textures.forEach(([name, texture], i) => {
    texture.bind(first + i);
    program.int(name, first + i);
  });
}
