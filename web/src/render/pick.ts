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
  if (context.lost) return NO_ROW;
  const reach = Math.ceil(REACH * shot.pixelRatio);
  const size = 2 * reach + 1;
  const column = Math.floor(x * shot.pixelRatio);
  const height = Math.round(shot.viewport.height * shot.pixelRatio);
  const line = height - 1 - Math.floor(y * shot.pixelRatio);

  const window = { left: column - reach, bottom: line - reach };
  const pixels = await numbersIn(context, painter, shot, window, size, size);
  return pixels === null ? NO_ROW : nearest(pixels, size, reach) - 1;
}

/** The rows that some pixel of the picture shows: what is behind others is not among them. */
export async function rowsInSight(
  context: Context,
  painter: Painter,
  shot: Shot,
): Promise<Uint32Array> {
  if (context.lost) return new Uint32Array(0);
  const width = Math.round(shot.viewport.width * shot.pixelRatio);
  const height = Math.round(shot.viewport.height * shot.pixelRatio);
  const whole = { left: 0, bottom: 0 };
  const pixels = await numbersIn(context, painter, shot, whole, width, height, false);
  const rows = new Set<number>();
  for (let i = 0; i < (pixels?.length ?? 0); i += 4) if (pixels![i]! > 0) rows.add(pixels![i]! - 1);
  return Uint32Array.from(rows);
}

/** Draws a part of the picture with row numbers plus one for colours; null if the context went. */
async function numbersIn(
  context: Context,
  painter: Painter,
  shot: Shot,
  window: { left: number; bottom: number },
  width: number,
  height: number,
  raise = true,
): Promise<Uint32Array | null> {
  const { gl } = context;
  const target = new Target(context, width, height, "R32UI");
  painter.paintRows(shot, window, raise);
  const buffer = gl.createBuffer();
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer);
  // The one format that integer targets can always be read in has four channels.
  gl.bufferData(gl.PIXEL_PACK_BUFFER, width * height * 16, gl.STREAM_READ);
  gl.readPixels(0, 0, width, height, gl.RGBA_INTEGER, gl.UNSIGNED_INT, 0);
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
  target.delete();

  let pixels: Uint32Array | null = null;
  if (await finished(gl)) {
    pixels = new Uint32Array(width * height * 4);
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer);
    gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, pixels);
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
  }
  gl.deleteBuffer(buffer);
  return pixels;
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
