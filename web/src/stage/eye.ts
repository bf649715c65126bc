import type { Bounds } from "../geometry/bounds.js";
import { Camera, type Viewport } from "../geometry/camera.js";
import type { ProjectionInfo } from "../data/types.js";
import { signal } from "../state/signal.js";
import { CameraMotion, decodeCamera, encodeCamera } from "./camera_motion.js";

type BothBounds = { planar?: Bounds; spatial?: Bounds };

/** The reader's eye: where the camera is, where it is going, and whether a hand has moved it. */
export class Eye {
  /** Null until the bounds of a fit are known. */
  camera: Camera | null = null;
  viewport: Viewport = { width: 1, height: 1 };
  /** The camera as text for the address; empty while it sees everything. */
  readonly text = signal("");
  /** A camera from the address, used once the bounds are known. */
  wanted: string | undefined;
  /** Pixels at the left that a panel covers; the 2D map is centred in the rest. */
  private inset = 0;
  private motion: CameraMotion | null = null;

  get moving(): boolean {
    return this.motion !== null;
  }

  resize(width: number, height: number): void {
    this.viewport = { width: Math.max(1, width), height: Math.max(1, height) };
    // Nobody has chosen this view, so it may follow the window.
    if (this.camera !== null && this.text.value === "") {
      this.camera = this.overview(this.camera);
    }
  }

  /** Says how much of the map a panel covers at the left. */
  setInset(pixels: number): void {
    this.inset = pixels;
    this.resize(this.viewport.width, this.viewport.height);
  }

  /** Where the camera is, or is going. */
  get goal(): Camera | null {
    return this.motion?.to ?? this.camera;
  }

  /** The same camera brought to see all of the data in the room that is free. */
  overview(camera: Camera): Camera {
    const { width, height } = this.viewport;
    const free = Math.max(width / 2, width - this.inset);
    const whole = camera.reset(this.viewport);
    const { planar } = camera
      .reset({ width: free, height })
      .pan((width - free) / 2, 0, this.viewport, 0).state;
    // Turning the 3D fit needs its pivot in the middle of the picture.
    return new Camera({ ...whole.state, planar });
  }

  /** Forgets the camera: the next run has other bounds. */
  forget(): void {
    this.camera = null;
    this.motion = null;
    this.text.set("");
  }

  /** Takes the bounds of both fits. A view that somebody chose stays where it is. */
  rebound(planar: ProjectionInfo | null, spatial: ProjectionInfo | null): void {
    const bounds: BothBounds = {};
    if (planar?.bounds) bounds.planar = planar.bounds;
    if (spatial?.bounds) bounds.spatial = spatial.bounds;
    if (bounds.planar === undefined && bounds.spatial === undefined) return;
    const fresh = this.overview(Camera.around(bounds, this.viewport));
    if (this.camera === null) {
      const wanted = this.wanted === undefined ? null : decodeCamera(this.wanted, fresh);
      this.camera = wanted ?? fresh;
      this.text.set(wanted === null ? "" : encodeCamera(wanted));
      this.wanted = undefined;
      return;
    }
    if (JSON.stringify(this.camera.state.bounds) === JSON.stringify(bounds)) return;
    const known = this.camera.state.bounds;
    // Bounds that were missing until now say nothing about what is on screen.
    const comparable =
      Boolean(known.planar) === Boolean(bounds.planar) &&
      Boolean(known.spatial) === Boolean(bounds.spatial);
    if (this.text.value === "") this.camera = fresh;
    else if (comparable) this.camera = this.camera.withBounds(bounds);
    else {
      const { planar: flat, spatial: deep } = this.camera.state;
      this.camera = new Camera({
        bounds,
        planar: known.planar ? flat : fresh.state.planar,
        spatial: known.spatial ? deep : fresh.state.spatial,
      });
    }
  }

  /** A movement of the hand. */
  look(move: (camera: Camera) => Camera): void {
    if (this.camera === null) return;
    this.motion = null;
    this.camera = move(this.camera);
    this.text.set(encodeCamera(this.camera));
  }

  /** Goes somewhere else, at once or in a short flight. */
  go(to: Camera, now: boolean): void {
    if (this.camera === null || now) this.camera = to;
    else this.motion = new CameraMotion(this.camera, to);
    this.text.set(encodeCamera(to));
  }

  reset(now: boolean): void {
    if (this.camera === null) return;
    this.go(this.overview(this.camera), now);
    this.text.set("");
  }

  advance(now: number): void {
    if (this.motion === null) return;
    const { camera, done } = this.motion.at(now);
    this.camera = camera;
    if (done) this.motion = null;
  }
}
