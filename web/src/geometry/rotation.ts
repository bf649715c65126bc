/** A unit quaternion (x, y, z, w). */
export type Quaternion = readonly [number, number, number, number];

/** Three numbers: a position or a direction. */
export type Vector3 = readonly [number, number, number];

/** The rotation that turns nothing. */
export const IDENTITY: Quaternion = [0, 0, 0, 1];

/** The rotation by `angle` radians around a unit axis, counter-clockwise seen from its tip. */
export function rotationAround(axis: Vector3, angle: number): Quaternion {
  const s = Math.sin(angle / 2);
  return [axis[0] * s, axis[1] * s, axis[2] * s, Math.cos(angle / 2)];
}

/** The rotation that applies `second` after `first`, normalized so that errors do not grow. */
export function compose(second: Quaternion, first: Quaternion): Quaternion {
  const [ax, ay, az, aw] = second;
  const [bx, by, bz, bw] = first;
  return normalized([
    aw * bx + ax * bw + ay * bz - az * by,
    aw * by - ax * bz + ay * bw + az * bx,
    aw * bz + ax * by - ay * bx + az * bw,
    aw * bw - ax * bx - ay * by - az * bz,
  ]);
}

/** The rotation a fraction `t` of the way from `a` to `b`, along the shorter arc. */
export function slerp(a: Quaternion, b: Quaternion, t: number): Quaternion {
  let cosine = a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
  const sign = cosine < 0 ? -1 : 1;
  cosine *= sign;
  const angle = Math.acos(Math.min(1, cosine));
  // Below this angle sin(angle) loses its digits and the chord is as good as the arc.
  const small = angle < 1e-4;
  const wa = small ? 1 - t : Math.sin((1 - t) * angle) / Math.sin(angle);
  const wb = sign * (small ? t : Math.sin(t * angle) / Math.sin(angle));
  return normalized([
    wa * a[0] + wb * b[0],
    wa * a[1] + wb * b[1],
    wa * a[2] + wb * b[2],
    wa * a[3] + wb * b[3],
  ]);
}

/** The 3 x 3 matrix of a rotation, row by row. */
export function rotationMatrix([x, y, z, w]: Quaternion): readonly number[] {
  return [
    1 - 2 * (y * y + z * z),
    2 * (x * y - z * w),
    2 * (x * z + y * w),
    2 * (x * y + z * w),
    1 - 2 * (x * x + z * z),
    2 * (y * z - x * w),
    2 * (x * z - y * w),
    2 * (y * z + x * w),
    1 - 2 * (x * x + y * y),
  ];
}

function normalized([x, y, z, w]: Quaternion): Quaternion {
  const length = Math.hypot(x, y, z, w) || 1;
  return [x / length, y / length, z / length, w / length];
}
