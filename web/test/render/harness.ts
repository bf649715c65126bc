// The page that the browser tests drive: the real renderer on made data, reachable as `window.lab`.

import { boundsOf } from "../../src/geometry/bounds.js";
import * as geometry from "../../src/geometry/camera.js";
import * as rows from "../../src/geometry/rows.js";
import { LassoClient } from "../../src/workers/lasso_client.js";
import { packSprite, Renderer } from "../../src/render/renderer.js";
import * as scenes from "./scenes.js";

const canvas = document.querySelector<HTMLCanvasElement>("#map")!;

/** What a test can reach. */
export const lab = {
  canvas,
  Renderer,
  LassoClient,
  packSprite,
  boundsOf,
  ...geometry,
  ...rows,
  ...scenes,
  /** A renderer on the page's canvas. */
  start(width = 800, height = 600, pixelRatio = 1): Renderer {
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const renderer = new Renderer(canvas, {
      onLost: () => canvas.dispatchEvent(new Event("lab-lost")),
      onRestored: () => canvas.dispatchEvent(new Event("lab-restored")),
    });
    renderer.resize(width, height, pixelRatio);
    return renderer;
  },
  /** What is on the canvas, read in the same task as the drawing. */
  pixels(): Uint8Array {
    const gl = canvas.getContext("webgl2")!;
    const data = new Uint8Array(canvas.width * canvas.height * 4);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.readPixels(0, 0, canvas.width, canvas.height, gl.RGBA, gl.UNSIGNED_BYTE, data);
    return data;
  },
  /** The red, green and blue at a place in CSS pixels from the top left. */
  pixelAt(pixels: Uint8Array, x: number, y: number, pixelRatio = 1): number[] {
    const column = Math.floor(x * pixelRatio);
    const line = canvas.height - 1 - Math.floor(y * pixelRatio);
    const start = 4 * (line * canvas.width + column);
    return [...pixels.subarray(start, start + 3)];
  },
};

declare global {
  interface Window {
    lab: typeof lab;
  }
}

window.lab = lab;
