/** The browser cannot give the map a WebGL 2 canvas; the message says why. */
export class NoWebGL2Error extends Error {
  override readonly name = "NoWebGL2Error";
}

/** The renderer was asked for something it does not have. */
export class RenderError extends Error {
  override readonly name = "RenderError";
}
