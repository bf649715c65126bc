import { Camera } from "../geometry/camera.js";

/**
 * Where a camera looks, told from a camera that sees everything: the same words mean the same
 * part of any other map, whatever its units and however large its picture is.
 */
export interface Glance {
  planar: { x: number; y: number; zoom: number };
  spatial: Pick<Camera["state"]["spatial"], "rotation"> & {
    target: readonly [number, number, number];
    zoom: number;
  };
}

/** How a camera stands to the overview of its own map. */
export function glanceOf({ state }: Camera, { state: whole }: Camera): Glance {
  const flat = whole.planar.halfHeight;
  const deep = whole.spatial.halfHeight;
  const { target } = state.spatial;
  return {
    planar: {
      x: (state.planar.x - whole.planar.x) / flat,
      y: (state.planar.y - whole.planar.y) / flat,
      zoom: state.planar.halfHeight / flat,
    },
    spatial: {
      target: [
        (target[0] - whole.spatial.target[0]) / deep,
        (target[1] - whole.spatial.target[1]) / deep,
        (target[2] - whole.spatial.target[2]) / deep,
      ],
      zoom: state.spatial.halfHeight / deep,
      rotation: state.spatial.rotation,
    },
  };
}

/** The camera that glances the same way at another map. */
export function cameraOf({ planar, spatial }: Glance, { state: whole }: Camera): Camera {
  const flat = whole.planar.halfHeight;
  const deep = whole.spatial.halfHeight;
  const { target } = whole.spatial;
  return new Camera({
    bounds: whole.bounds,
    planar: {
      x: whole.planar.x + planar.x * flat,
      y: whole.planar.y + planar.y * flat,
      halfHeight: planar.zoom * flat,
    },
    spatial: {
      target: [
        target[0] + spatial.target[0] * deep,
        target[1] + spatial.target[1] * deep,
        target[2] + spatial.target[2] * deep,
      ],
      halfHeight: spatial.zoom * deep,
      rotation: spatial.rotation,
    },
  });
}
