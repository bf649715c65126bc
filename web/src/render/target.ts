import type { Context } from "./context.js";

/** An offscreen picture: somewhere to draw that is not the canvas. */
export class Target {
  readonly width: number;
  readonly height: number;
  private readonly gl: WebGL2RenderingContext;
  private readonly framebuffer: WebGLFramebuffer | null;
  private readonly buffers: (WebGLRenderbuffer | null)[];

  /** All three formats can be drawn to in every WebGL 2, without an extension. */
  constructor(
    context: Context,
    width: number,
    height: number,
    format: "RGBA8" | "R32UI" | "RGBA32UI",
  ) {
    const { gl } = context;
    this.gl = gl;
    this.width = width;
    this.height = height;
    this.framebuffer = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.framebuffer);
    const attach = (point: number, internal: number) => {
      const buffer = gl.createRenderbuffer();
      gl.bindRenderbuffer(gl.RENDERBUFFER, buffer);
      gl.renderbufferStorage(gl.RENDERBUFFER, internal, width, height);
      gl.framebufferRenderbuffer(gl.FRAMEBUFFER, point, gl.RENDERBUFFER, buffer);
      return buffer;
    };
    this.buffers = [
      attach(gl.COLOR_ATTACHMENT0, gl[format]),
      attach(gl.DEPTH_ATTACHMENT, gl.DEPTH_COMPONENT24),
    ];
  }

  /** Draws here from now on. */
  bind(): void {
    this.gl.bindFramebuffer(this.gl.FRAMEBUFFER, this.framebuffer);
  }

  /** Draws on the canvas again and frees the memory. */
  delete(): void {
    this.gl.bindFramebuffer(this.gl.FRAMEBUFFER, null);
    this.gl.deleteFramebuffer(this.framebuffer);
    for (const buffer of this.buffers) this.gl.deleteRenderbuffer(buffer);
  }
}
