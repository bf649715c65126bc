import type { Context } from "./context.js";
import { RenderError } from "./errors.js";
import type { Painter } from "./painter.js";
import type { Shot } from "./shot.js";
import { Target } from "./target.js";

// Tiles keep the memory of a large picture on the CPU, where there is more of it.
const TILE = 2048;
/** As much as one picture may hold: half a gigabyte with its copy. */
const MOST_PIXELS = 80e6;
/** Device pixels that parts of a picture share; no dot is larger than twice this. */
const OVERLAP = 320;

/** Draws a shot at its own resolution and gives the pixels, top line first, not premultiplied. */
export function capturePixels(
  context: Context,
  painter: Painter,
  shot: Shot,
  transparent: boolean,
): ImageData {
  const { limits } = context;
  const width = Math.round(shot.viewport.width * shot.pixelRatio);
  const height = Math.round(shot.viewport.height * shot.pixelRatio);
  if (width * height > MOST_PIXELS) {
    throw new RenderError(
      `A picture of ${width} x ${height} pixels has more than ${MOST_PIXELS / 1e6} million ` +
        "pixels, too many for a browser. Choose a smaller scale.",
    );
  }
  if (context.lost) throw new RenderError("The graphics context is lost; try again in a moment.");
  const image = new ImageData(width, height);
  const side = Math.min(TILE, limits.maxSize - 2 * OVERLAP);
  const whole = Math.max(width, height) <= limits.maxSize;
  const target = whole
    ? new Target(context, Math.min(TILE, width), Math.min(TILE, height), "RGBA8")
    : new Target(context, side + 2 * OVERLAP, side + 2 * OVERLAP, "RGBA8");
  const { width: across, height: up } = whole ? target : { width: side, height: side };
  const tile = new Uint8Array(across * up * 4);
  try {
    for (let bottom = 0; bottom < height; bottom += up) {
      for (let left = 0; left < width; left += across) {
        target.bind();
        painter.clear(shot.view.theme.canvas, transparent ? 0 : 1);
        const { width: wide, height: high } = target;
        if (whole) painter.paint(shot, { left, bottom, width: wide, height: high });
        else
          painter.paint(cropped(shot, left - OVERLAP, bottom - OVERLAP, wide), {
            left: 0,
            bottom: 0,
            width: wide,
            height: high,
          });
        const inner = whole ? 0 : OVERLAP;
        context.gl.readPixels(
          inner,
          inner,
          across,
          up,
          context.gl.RGBA,
          context.gl.UNSIGNED_BYTE,
          tile,
        );
        place(tile, across, up, image, left, bottom);
      }
    }
  } finally {
    target.delete();
  }
  if (transparent) unmultiply(image.data);
  return image;
}

/**
 * A square part of a shot as a shot of its own: the way past the largest viewport of the device.
 * Dots whose middle is outside are not drawn at all, so neighbours have to overlap.
 */
function cropped(shot: Shot, left: number, bottom: number, side: number): Shot {
  const { width, height } = shot.viewport;
  const [across, up] = [side / (width * shot.pixelRatio), side / (height * shot.pixelRatio)];
  const x = (2 * left + side) / (width * shot.pixelRatio) - 1;
  const y = (2 * bottom + side) / (height * shot.pixelRatio) - 1;
  const matrix = shot.camera.matrix.slice();
  for (let column = 0; column < 16; column += 4) {
    const w = matrix[column + 3]!;
    matrix[column] = (matrix[column]! - x * w) / across;
    matrix[column + 1] = (matrix[column + 1]! - y * w) / up;
  }
  const size = side / shot.pixelRatio;
  return {
    ...shot,
    camera: { ...shot.camera, matrix },
    viewport: { width: size, height: size },
  };
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
