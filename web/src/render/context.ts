import { NoWebGL2Error } from "./errors.js";

/** What this device can do, read at start: the minima of WebGL 2 are far below the usual. */
export interface Limits {
  /** Texels of one line of a row texture: a power of two, so that shaders split a row by bits. */
  readonly rowWidth: number;
  /** Rows that fit one texture; of more points, the prefix that fits is drawn. */
  readonly capacity: number;
  /** Largest dot in device pixels. */
  readonly maxPointSize: number;
  /** Longest side of a canvas or of an image target, in device pixels. */
  readonly maxSize: number;
  /** Longest side of a texture. */
  readonly textureSize: number;
  /** Layers of an array texture. */
  readonly layers: number;
}

/** What is told when the graphics context goes and comes back. */
export interface LossListeners {
  onLost?: () => void;
  onRestored?: () => void;
}

/** A WebGL 2 context that knows its limits and says when it is lost and restored. */
export class Context {
  readonly gl: WebGL2RenderingContext;
  readonly limits: Limits;
  losses = 0;
  private readonly canvas: HTMLCanvasElement;
  private readonly controller = new AbortController();

  constructor(canvas: HTMLCanvasElement, { onLost, onRestored }: LossListeners) {
    this.canvas = canvas;
    this.gl = openContext(canvas);
    this.limits = readLimits(this.gl);
    const { signal } = this.controller;
    canvas.addEventListener(
      "webglcontextlost",
      (event) => {
        // Without this the browser never gives the context back.
        event.preventDefault();
        this.losses++;
        onLost?.();
      },
      { signal },
    );
    canvas.addEventListener("webglcontextrestored", () => onRestored?.(), { signal });
  }

  /** Whether drawing does nothing at the moment. */
  get lost(): boolean {
    return this.gl.isContextLost();
  }

  /** Gives the canvas a size in CSS pixels, sharp at the given number of device pixels to each. */
  resize(width: number, height: number, pixelRatio: number): void {
    const device = (size: number) => Math.max(1, Math.round(size * pixelRatio));
    // Setting a size clears the canvas, even to the same one.
    if (this.canvas.width !== device(width)) this.canvas.width = device(width);
    if (this.canvas.height !== device(height)) this.canvas.height = device(height);
  }

  /** Stops listening. The context itself goes with its canvas. */
  close(): void {
    this.controller.abort();
  }
}

function openContext(canvas: HTMLCanvasElement): WebGL2RenderingContext {
  let reason = "";
  const listen = (event: Event) => (reason = (event as WebGLContextEvent).statusMessage);
  canvas.addEventListener("webglcontextcreationerror", listen);
  // Dots smooth their own edges; multisampling would cost four times the memory for nothing.
  const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: true });
  canvas.removeEventListener("webglcontextcreationerror", listen);
  if (gl) return gl;
  throw new NoWebGL2Error(
    typeof WebGL2RenderingContext === "undefined"
      ? "This browser has no WebGL 2. Any Chrome, Edge or Firefox since 2017 and Safari since 15 has."
      : `This browser has WebGL 2 but could not start it${reason ? ` (${reason})` : ""}. ` +
          "Hardware acceleration may be off in its settings, or the graphics driver blocked.",
  );
}

function readLimits(gl: WebGL2RenderingContext): Limits {
  const number = (name: number) => Number(gl.getParameter(name)) || 0;
  const textureSize = Math.max(2048, number(gl.MAX_TEXTURE_SIZE));
  const viewport = gl.getParameter(gl.MAX_VIEWPORT_DIMS) as Int32Array | null;
  const points = gl.getParameter(gl.ALIASED_POINT_SIZE_RANGE) as Float32Array | null;
  const rowWidth = Math.min(4096, 2 ** Math.floor(Math.log2(textureSize)));
  return {
    rowWidth,
    capacity: rowWidth * textureSize,
    maxPointSize: points?.[1] ?? 1,
    maxSize: Math.min(
      number(gl.MAX_RENDERBUFFER_SIZE) || 2048,
      viewport?.[0] ?? 2048,
      viewport?.[1] ?? 2048,
    ),
    textureSize: number(gl.MAX_TEXTURE_SIZE) || 2048,
    layers: number(gl.MAX_ARRAY_TEXTURE_LAYERS) || 256,
  };
}
