import type { Context } from "./context.js";
import { RenderError } from "./errors.js";
import { Program, shaderText } from "./program.js";

/** Pixels above which sums are kept in half precision, to bound the memory of large screens. */
const MOST_EXACT_PIXELS = 4 << 20;

const VERTEX = `
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;

// What lies in a pixel is mixed as fog would be: thicknesses add up, and the colour is their mean.
// The sum is the same whatever comes first. A single opaque disc stays as opaque as it was.
const FRAGMENT = `
uniform sampler2D u_sums, u_core;
uniform bool u_has_core;
out vec4 pixel;

void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec4 sums = texelFetch(u_sums, at, 0);
  vec4 core = u_has_core ? texelFetch(u_core, at, 0) : vec4(0.0);
  if (sums.a <= 0.0 && core.a <= 0.0) discard;
  float alpha = min(1.0, (1.0 - exp(-sums.a)) / (1.0 - exp(-${Math.log(256).toFixed(6)})));
  vec3 color = sums.a > 0.0 ? sums.rgb / sums.a : vec3(0.0);
  pixel = vec4(color * alpha, alpha) + core * (1.0 - alpha);
}`;

/** Fragment program text: one fragment's part in the sums of its pixel. */
export const THICKNESS = `
vec4 thickness(vec3 color, float alpha) {
  float thick = -log(1.0 - min(alpha, ${(1 - 1 / 256).toFixed(8)}));
  // In steps of 1/4096 sums in single precision are exact, so that no order of adding shows.
  return floor(vec4(color * thick, thick) * 4096.0 + 0.5) / 4096.0;
}`;

interface Sheets {
  width: number;
  height: number;
  sums: WebGLTexture | null;
  core: WebGLTexture | null;
  depth: WebGLRenderbuffer | null;
  sumsFrame: WebGLFramebuffer | null;
  coreFrame: WebGLFramebuffer | null;
}

/**
 * Transparency whose picture does not depend on the order of the points. Opaque discs go to one
 * sheet with depth, everything that lets light through is added up on another, and both are laid
 * over the picture. Needs float targets that can be blended, which nearly every WebGL 2 has;
 * single precision is used where it blends, half precision otherwise.
 */
export class Mix {
  private readonly context: Context;
  private format: "RGBA32F" | "RGBA16F" | null | undefined;
  private exact = false;
  private sheets: Sheets | null = null;
  private program: Program | undefined;
  private home: WebGLFramebuffer | null = null;

  constructor(context: Context) {
    this.context = context;
  }

  /** Whether this device can add up in a texture. */
  get possible(): boolean {
    return this.bestFormat() !== null;
  }

  /** Bytes on the GPU. */
  get bytes(): number {
    if (this.sheets === null) return 0;
    return this.sheets.width * this.sheets.height * (this.format === "RGBA32F" ? 24 : 16);
  }

  /** Starts a picture of this size: both sheets are empty and opaque discs are drawn now. */
  beginCore(width: number, height: number): void {
    const { gl } = this.context;
    this.begin(width, height);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.sheets!.coreFrame);
    gl.depthMask(true);
    gl.clearBufferfv(gl.COLOR, 0, [0, 0, 0, 0]);
    gl.clearBufferfv(gl.DEPTH, 0, [1]);
    gl.disable(gl.BLEND);
  }

  /** From now on what is drawn is added up, hidden behind the opaque discs if there are any. */
  beginSums(width: number, height: number, afterCore: boolean): void {
    const { gl } = this.context;
    if (!afterCore) this.begin(width, height);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.sheets!.sumsFrame);
    gl.clearBufferfv(gl.COLOR, 0, [0, 0, 0, 0]);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE);
    gl.depthMask(false);
  }

  /** Lays both sheets over the picture that was being drawn. */
  lay(hasCore: boolean): void {
    const { gl } = this.context;
    const { sums, core, width, height } = this.sheets!;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.home);
    gl.disable(gl.DEPTH_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.viewport(0, 0, width, height);
    this.program ??= new Program(gl, shaderText(VERTEX), shaderText(FRAGMENT));
    this.program
      .use()
      .int("u_sums", 0)
      .int("u_core", 1)
      .int("u_has_core", hasCore ? 1 : 0);
    for (const [unit, texture] of [sums, core].entries()) {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, texture);
    }
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    // A texture that is read must not stay bound while it is drawn to.
    for (const unit of [1, 0]) {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, null);
    }
    gl.depthMask(true);
  }

  /** Forgets the GPU's objects after the context was lost. */
  restore(): void {
    this.sheets = null;
    this.program = undefined;
    this.format = undefined;
  }

  /** Frees the GPU's memory. */
  delete(): void {
    const { gl } = this.context;
    if (this.sheets === null) return;
    const { sums, core, depth, sumsFrame, coreFrame } = this.sheets;
    for (const texture of [sums, core]) gl.deleteTexture(texture);
    gl.deleteRenderbuffer(depth);
    for (const frame of [sumsFrame, coreFrame]) gl.deleteFramebuffer(frame);
    this.sheets = null;
  }

  private begin(width: number, height: number): void {
    const { gl } = this.context;
    // The browser answers this from its own notes, without asking the GPU.
    this.home = gl.getParameter(gl.FRAMEBUFFER_BINDING) as WebGLFramebuffer | null;
    if (this.sheets?.width !== width || this.sheets.height !== height) {
      this.delete();
      this.sheets = this.make(width, height);
    }
  }

  private bestFormat(): "RGBA32F" | "RGBA16F" | null {
    if (this.format !== undefined) return this.format;
    const { gl } = this.context;
    const full = gl.getExtension("EXT_color_buffer_float") !== null;
    const half = full || gl.getExtension("EXT_color_buffer_half_float") !== null;
    // Half floats blend wherever they can be drawn to; single ones only with this extension.
    this.exact = full && gl.getExtension("EXT_float_blend") !== null;
    this.format = this.exact ? "RGBA32F" : half ? "RGBA16F" : null;
    return this.format;
  }

  private make(width: number, height: number): Sheets {
    const { gl } = this.context;
    const fits = this.exact && width * height <= MOST_EXACT_PIXELS;
    this.format = fits ? "RGBA32F" : "RGBA16F";
    const sums = this.texture(gl[this.format], width, height);
    const core = this.texture(gl.RGBA8, width, height);
    const depth = gl.createRenderbuffer();
    gl.bindRenderbuffer(gl.RENDERBUFFER, depth);
    gl.renderbufferStorage(gl.RENDERBUFFER, gl.DEPTH_COMPONENT24, width, height);
    const frame = (texture: WebGLTexture | null) => {
      const framebuffer = gl.createFramebuffer();
      gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
      gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.DEPTH_ATTACHMENT, gl.RENDERBUFFER, depth);
      const status = gl.checkFramebufferStatus(gl.FRAMEBUFFER);
      if (status !== gl.FRAMEBUFFER_COMPLETE && !gl.isContextLost()) {
        throw new RenderError(`This device cannot mix colours in a texture (status ${status}).`);
      }
      return framebuffer;
    };
    return {
      width,
      height,
      sums,
      core,
      depth,
      sumsFrame: frame(sums),
      coreFrame: frame(core),
    };
  }

  private texture(format: number, width: number, height: number): WebGLTexture | null {
    const { gl } = this.context;
    const texture = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, format, width, height);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
      gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
    }
    gl.bindTexture(gl.TEXTURE_2D, null);
    return texture;
  }
}
