import type { Context } from "./context.js";
import { RenderError } from "./errors.js";
import type { Painter } from "./painter.js";
import type { Shot } from "./shot.js";
import { Target } from "./target.js";

// Tiles keep the memory of a large picture on the CPU, where there is more of it.
const TILE = 2048;

/** Draws a shot at its own resolution and gives the pixels, top line first, not premultiplied. */
export function capturePixels(
  context: Context,
  painter: Painter,
  shot: Shot,
  transparent: boolean,
): ImageData {
  const { gl, limits } = context;
  const width = Math.round(shot.viewport.width * shot.pixelRatio);
  const height = Math.round(shot.viewport.height * shot.pixelRatio);
  if (Math.max(width, height) > limits.maxSize) {
    throw new RenderError(
      `A picture of ${width} x ${height} pixels is larger than this device can draw ` +
        `(${limits.maxSize}). Choose a smaller scale.`,
    );
  }
  if (context.lost) throw new RenderError("The graphics context is lost; try again in a moment.");
  const image = new ImageData(width, height);
  const target = new Target(context, Math.min(TILE, width), Math.min(TILE, height), "RGBA8");
  const tile = new Uint8Array(target.width * target.height * 4);
  try {
    for (let bottom = 0; bottom < height; bottom += target.height) {
      for (let left = 0; left < width; left += target.width) {
        target.bind();
        painter.clear(shot.view.theme.canvas, transparent ? 0 : 1);
        painter.paint(shot, { left, bottom, width: target.width, height: target.height });
        gl.readPixels(0, 0, target.width, target.height, gl.RGBA, gl.UNSIGNED_BYTE, tile);
        place(tile, target.width, target.height, image, left, bottom);
      }
    }
  } finally {
    target.delete();
  }
  if (transparent) unmultiply(image.data);
  return image;
}

/** Encodes pixels as PNG. */
export async function toPng(image: ImageData): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (blob) return blob;
  throw new RenderError("The browser could not encode the picture. Choose a smaller scale.");
}

/** Copies a tile, whose first line is its lowest, to where it belongs in the picture. */
function place(
  tile: Uint8Array,
  width: number,
  height: number,
  image: ImageData,
  left: number,
  bottom: number,
): void {
  const columns = Math.min(width, image.width - left);
  const lines = Math.min(height, image.height - bottom);
  for (let line = 0; line < lines; line++) {
    const from = line * width * 4;
    const to = (image.height - 1 - bottom - line) * image.width + left;
    image.data.set(tile.subarray(from, from + columns * 4), to * 4);
  }
}

/** Pictures in memory carry colours times alpha; PNG files carry colours. */
function unmultiply(pixels: Uint8ClampedArray): void {
  for (let i = 0; i < pixels.length; i += 4) {
    const alpha = pixels[i + 3]!;
    if (alpha === 0 || alpha === 255) continue;
    for (let c = 0; c < 3; c++) pixels[i + c] = (pixels[i + c]! * 255) / alpha;
  }
}
