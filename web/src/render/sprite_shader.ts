import { HIDDEN, HIGHLIGHTED, SELECTED, TOUCHABLE, UNKNOWN_TRUST } from "../geometry/rows.js";

// Six vertices a thumbnail, which fetch their entry and then their row: devices differ in how large
// a point may be and in whether it stays when its middle leaves the picture. There are never many.
export const SPRITE_VERTEX = `
uniform highp usampler2D u_entries, u_flags, u_trust;
uniform sampler2D u_colors;
uniform ivec3 u_known;        // rows that have flags, trust, colours
uniform float u_pixels;       // device pixels to a CSS pixel
uniform float u_side;         // device pixels of the longer side of a whole tile
uniform float u_border;       // device pixels of the frame
uniform vec2 u_tile;          // its width and height, of which the longer is 1
uniform float u_trust_fade;
uniform bool u_dim;
uniform vec2 u_size;          // of the target, in device pixels
uniform vec3 u_canvas, u_plain, u_highlight;

flat out vec4 v_color;
flat out vec4 v_ring;         // colour of the ring and its width
flat out vec2 v_half;         // half the picture in device pixels, frame and ring left out
flat out vec4 v_texels;       // where the picture lies in its layer, and its size there
flat out float v_layer;
flat out float v_haze;
flat out uint v_near;
flat out uint v_id;
out vec2 v_at;

void main() {
  gl_Position = vec4(0.0, 0.0, 2.0, 1.0);
  int number = gl_VertexID / 6;
  uvec4 entry = texelFetch(u_entries, texel(number), 0);
  int row = int(entry.x);
  uint flags = row < u_known.x ? texelFetch(u_flags, texel(row), 0).r : 0u;
  bool raised = (flags & ${SELECTED | HIGHLIGHTED}u) != 0u;
#ifdef RAISED
  if (!raised) return;
#else
  if (raised) return;
#endif
  if ((flags & ${HIDDEN}u) != 0u) return;
  vec4 at = place(row);
#ifdef PICK
  if (at.w < ${TOUCHABLE.toFixed(2)}) return;
#endif
  float shown = float((entry.w >> 16) & 255u) / 255.0;
  if (at.w <= 0.0 || shown <= 0.0) return;
  vec4 middle = u_matrix * vec4(at.xyz, 1.0);
  float away = middle.w;
  if (away <= 0.0) return;

  float fade = 1.0;
  if (u_trust_fade > 0.0 && row < u_known.y) {
    uint trust = texelFetch(u_trust, texel(row), 0).r;
    float known = trust == ${UNKNOWN_TRUST}u ? 1.0 : float(trust) / 254.0;
    fade = mix(1.0, max(0.04, known * known), u_trust_fade);
  }
  if (u_dim && !raised) fade *= 0.3;

  // In space a thumbnail must hide what is behind it, so it grows instead of turning clear.
  float scale = mix(1.0, clamp(1.0 / away, 0.35, 4.0) * mix(0.3, 1.0, shown), u_depth);
  vec2 part = vec2(float(entry.z & 65535u), float(entry.z >> 16)) / 16.0;
  vec2 corner = vec2(float(entry.y & 65535u), float(entry.y >> 16)) / 16.0;
  float longest = float(entry.w & 1023u);   // of a whole tile here, in texels
  v_half = 0.5 * scale * u_side * part / max(longest, 1.0);
  // The smallest picture is still something to point at.
  v_half = max(v_half, vec2(1.0));
  v_texels = vec4(corner, part);
  v_near = (entry.w >> 31) & 1u;
  v_layer = float((entry.w >> 24) & 127u);
  v_color = row < u_known.z ? texelFetch(u_colors, texel(row), 0) : vec4(u_plain, 1.0);
  v_color.a = mix(shown * fade, 1.0, u_depth) * at.w;
  v_haze = u_depth * (1.0 - fade * (1.0 - 0.6 * smoothstep(0.85, 2.2, away)));
  v_ring = vec4(0.0);
#ifdef RAISED
  bool lit = (flags & ${HIGHLIGHTED}u) != 0u;
  v_ring = vec4(u_highlight, u_pixels * (lit ? 2.5 : 1.5));
#endif
  v_id = uint(row) + 1u;

  int turn = gl_VertexID - 6 * number;
  vec2 side = vec2(turn == 1 || turn == 2 || turn == 4 ? 1.0 : -1.0,
                   turn == 2 || turn == 4 || turn == 5 ? 1.0 : -1.0);
  // One pixel more on each side, so that the soft edge is never cut.
  v_at = side * (v_half + u_border + v_ring.a + 1.0);
  middle.xy += v_at / u_size * 2.0 * middle.w;
  gl_Position = middle;
}`;

export const SPRITE_FRAGMENT = `
uniform highp sampler2DArray u_pages, u_near;
uniform float u_border, u_pixels, u_depth;
uniform int u_look;           // 0 a frame, 1 the colour behind, 2 as ink
uniform vec3 u_canvas;
flat in vec4 v_color;
flat in vec4 v_ring;
flat in vec2 v_half;
flat in vec4 v_texels;
flat in float v_layer;
flat in float v_haze;
flat in uint v_near;
flat in uint v_id;
in vec2 v_at;
#ifdef PICK
out uint id;
#else
out vec4 pixel;
#endif

// Distance to a box with round corners; negative inside.
float box(vec2 half_size, float radius) {
  vec2 away = abs(v_at) - half_size + radius;
  return length(max(away, 0.0)) + min(max(away.x, away.y), 0.0) - radius;
}

vec4 picture() {
  vec2 texels = (v_at * vec2(1.0, -1.0) / v_half * 0.5 + 0.5) * v_texels.zw;
  float shrunk = max(v_texels.z / (2.0 * v_half.x), v_texels.w / (2.0 * v_half.y));
  float level = clamp(log2(max(shrunk, 0.001)), 0.0, 1.0);
  if (shrunk < 1.0) {
    // Enlarged, each pixel of the picture stays a sharp square.
    vec2 edge = floor(texels + 0.5);
    texels = edge + clamp((texels - edge) / shrunk, -0.5, 0.5);
  }
  // Neighbouring tiles must not shine in.
  vec2 rim = min(vec2(0.5 + 0.5 * level), 0.5 * v_texels.zw);
  texels = v_texels.xy + clamp(texels, rim, v_texels.zw - rim);
  if (v_near == 1u) {
    vec3 at = vec3(texels / vec2(textureSize(u_near, 0).xy), v_layer);
    return textureLod(u_near, at, level);
  }
  vec3 at = vec3(texels / vec2(textureSize(u_pages, 0).xy), v_layer);
  return textureLod(u_pages, at, level);
}

void main() {
  float corner = 2.0 * u_pixels;
  float inside = box(v_half + u_border, corner);
  float whole = inside - v_ring.a;
#ifdef PICK
  if (whole > 0.5 || v_color.a < 0.5) discard;
  id = v_id;
#else
  float cover = clamp(0.5 - whole, 0.0, 1.0);
  if (cover <= 0.0) discard;
  vec4 seen = picture();
  vec3 color;
  if (u_look == 1) color = v_color.rgb * (1.0 - seen.a) + seen.rgb;
  else if (u_look == 2) color = mix(u_canvas, v_color.rgb, dot(seen.rgb, vec3(0.299, 0.587, 0.114)));
  else color = u_canvas * (1.0 - seen.a) + seen.rgb;
  if (u_border > 0.0) {
    float frame = clamp(0.5 + box(v_half, max(0.0, corner - u_border)), 0.0, 1.0);
    color = mix(color, v_color.rgb, frame);
  }
  color = mix(color, u_canvas, v_haze);
  if (v_ring.a > 0.0) color = mix(color, v_ring.rgb, clamp(0.5 + inside, 0.0, 1.0));
  float alpha = v_color.a * cover;
  // In space what is hardly there must not hide what is behind it.
  if (u_depth > 0.0 && alpha < 0.5) discard;
  pixel = vec4(color * alpha, alpha);
#endif
}`;
