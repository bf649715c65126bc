/** A linked pair of shaders whose uniforms are set by name. */
export class Program {
  private readonly gl: WebGL2RenderingContext;
  private readonly handle: WebGLProgram;
  private readonly locations = new Map<string, WebGLUniformLocation | null>();

  constructor(gl: WebGL2RenderingContext, vertex: string, fragment: string) {
    this.gl = gl;
    this.handle = gl.createProgram();
    const shaders = [
      compile(gl, gl.VERTEX_SHADER, vertex),
      compile(gl, gl.FRAGMENT_SHADER, fragment),
    ];
    for (const shader of shaders) gl.attachShader(this.handle, shader);
    gl.linkProgram(this.handle);
    if (!gl.getProgramParameter(this.handle, gl.LINK_STATUS) && !gl.isContextLost()) {
      const log = [
        gl.getProgramInfoLog(this.handle),
        ...shaders.map((shader) => gl.getShaderInfoLog(shader)),
      ];
      throw new Error(`A shader does not compile: ${log.filter(Boolean).join("\n")}`);
    }
    for (const shader of shaders) gl.deleteShader(shader);
  }

  /** Makes this the program that draws. */
  use(): this {
    this.gl.useProgram(this.handle);
    return this;
  }

  /** Sets an int or sampler uniform, or an ivec of as many values as there are. */
  int(name: string, ...values: readonly number[]): this {
    const location = this.locate(name);
    if (values.length === 1) this.gl.uniform1iv(location, values);
    else if (values.length === 2) this.gl.uniform2iv(location, values);
    else if (values.length === 3) this.gl.uniform3iv(location, values);
    else this.gl.uniform4iv(location, values);
    return this;
  }

  /** Sets a float, vec2, vec3 or vec4 uniform, by how many values there are. */
  float(name: string, ...values: readonly number[]): this {
    const location = this.locate(name);
    if (values.length === 1) this.gl.uniform1fv(location, values);
    else if (values.length === 2) this.gl.uniform2fv(location, values);
    else if (values.length === 3) this.gl.uniform3fv(location, values);
    else this.gl.uniform4fv(location, values);
    return this;
  }

  /** Sets a mat4 uniform, column by column. */
  matrix(name: string, value: Float32Array): this {
    this.gl.uniformMatrix4fv(this.locate(name), false, value);
    return this;
  }

  /** Frees the GPU's memory. */
  delete(): void {
    this.gl.deleteProgram(this.handle);
  }

  private locate(name: string): WebGLUniformLocation | null {
    let location = this.locations.get(name);
    if (location === undefined) {
      location = this.gl.getUniformLocation(this.handle, name);
      this.locations.set(name, location);
    }
    return location;
  }
}

/** Puts the version, the precision and the given switches in front of a shader's text. */
export function shaderText(body: string, switches: readonly string[] = []): string {
  return [
    "#version 300 es",
    "precision highp float;",
    "precision highp int;",
    "precision highp sampler2D;",
    "precision highp usampler2D;",
    ...switches.map((name) => `#define ${name}`),
    body,
  ].join("\n");
}

function compile(gl: WebGL2RenderingContext, kind: number, text: string): WebGLShader {
  const shader = gl.createShader(kind);
  // createShader answers null on a lost context; linking then fails quietly, as it should.
  if (!shader) return {};
  gl.shaderSource(shader, text);
  gl.compileShader(shader);
  return shader;
}
