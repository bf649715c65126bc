import type { Context } from "./context.js";
import type { Painter } from "./painter.js";
import type { Shot } from "./shot.js";
import { Target } from "./target.js";

/** Nothing is there. */
export const NO_ROW = -1;

// How far from a dot, in CSS pixels, the pointer may be and still mean it.
const REACH = 4;

/**
 * The row whose dot is drawn at a place, in CSS pixels from the top left; the nearest within a few
 * pixels where none is; NO_ROW without one. The few pixels around the place are drawn again with
 * row numbers for colours and read when the GPU is done, so nothing waits for it.
 */
export async function pickRow(
  context: Context,
  painter: Painter,
  shot: Shot,
  x: number,
  y: number,
): Promise<number> {
  const { gl } = context;
  if (context.lost) return NO_ROW;
  const reach = Math.ceil(REACH * shot.pixelRatio);
  const size = 2 * reach + 1;
  const column = Math.floor(x * shot.pixelRatio);
  const height = Math.round(shot.viewport.height * shot.pixelRatio);
  const line = height - 1 - Math.floor(y * shot.pixelRatio);

  const target = new Target(context, size, size, "R32UI");
  painter.paintRows(shot, { left: column - reach, bottom: line - reach });
  const buffer = gl.createBuffer();
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer);
  // The one format that integer targets can always be read in has four channels.
  gl.bufferData(gl.PIXEL_PACK_BUFFER, size * size * 16, gl.STREAM_READ);
  gl.readPixels(0, 0, size, size, gl.RGBA_INTEGER, gl.UNSIGNED_INT, 0);
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
  target.delete();

  const pixels = new Uint32Array(size * size * 4);
  if (await finished(gl)) {
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer);
    gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, pixels);
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
  }
  gl.deleteBuffer(buffer);
  return nearest(pixels, size, reach) - 1;
}

/** Waits for all commands so far, without blocking; false if the context went meanwhile. */
async function finished(gl: WebGL2RenderingContext): Promise<boolean> {
  const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
  if (!fence) return false;
  gl.flush();
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (gl.isContextLost()) return false;
    const status = gl.clientWaitSync(fence, 0, 0);
    if (status === gl.TIMEOUT_EXPIRED) continue;
    gl.deleteSync(fence);
    return status !== gl.WAIT_FAILED;
  }
}

/** The number in the pixel nearest to the middle that has one. */
function nearest(pixels: Uint32Array, size: number, reach: number): number {
  let best = 0;
  let distance = (reach + 0.5) ** 2;
  for (let line = 0; line < size; line++) {
    for (let column = 0; column < size; column++) {
      const id = pixels[4 * (line * size + column)]!;
      const away = (line - reach) ** 2 + (column - reach) ** 2;
      if (id === 0 || away >= distance) continue;
      best = id;
      distance = away;
    }
  }
  return best;
}
