import type { Context } from "./context.js";
import { Program, shaderText } from "./program.js";
import { LAYOUTS, RowTexture, texelFunction } from "./row_texture.js";
import { Target } from "./target.js";

const WIDTH = 1024;

const VERTEX = `
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;

/**
 * The positions of some rows, read from the GPU with every bit as it lies there: what the screen
 * is drawn from, for tests and for exports that must equal the screen.
 */
export function readRows(
  context: Context,
  texture: RowTexture,
  dimensions: 2 | 3,
  rows: Uint32Array,
): Float32Array {
  const { gl } = context;
  const found = new Float32Array(rows.length * dimensions).fill(NaN);
  if (rows.length === 0 || context.lost) return found;
  const wanted = new RowTexture(context, LAYOUTS.index);
  wanted.upload(rows);
  const target = new Target(context, WIDTH, Math.ceil(rows.length / WIDTH), "RGBA32UI");
  const fragment = `
uniform usampler2D u_wanted, u_positions;
out uvec4 bits;
${texelFunction(context)}
void main() {
  int place = int(gl_FragCoord.y) * ${WIDTH} + int(gl_FragCoord.x);
  bits = texelFetch(u_positions, texel(int(texelFetch(u_wanted, texel(place), 0).r)), 0);
}`;
  const program = new Program(gl, shaderText(VERTEX), shaderText(fragment)).use();
  wanted.bind(0);
  texture.bind(1);
  program.int("u_wanted", 0).int("u_positions", 1);
  gl.viewport(0, 0, target.width, target.height);
  gl.disable(gl.BLEND);
  gl.disable(gl.DEPTH_TEST);
  gl.drawArrays(gl.TRIANGLES, 0, 3);
  const pixels = new Uint32Array(target.width * target.height * 4);
  gl.readPixels(0, 0, target.width, target.height, gl.RGBA_INTEGER, gl.UNSIGNED_INT, pixels);
  target.delete();
  wanted.delete();
  program.delete();

  const bits = new Uint32Array(found.buffer);
  rows.forEach((row, i) => {
    if (row >= texture.count) return;
    for (let d = 0; d < dimensions; d++) bits[i * dimensions + d] = pixels[4 * i + d]!;
  });
  return found;
}
