/**
 * What a reader of any page waits for, measured from outside: the same hands and eyes for every
 * viewer, none of which is asked how it thinks it is doing.
 */

import { existsSync, readFileSync, readdirSync } from "node:fs";

export const median = (values) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
export const round = (value) => Number(value.toPrecision(3));

/** A part of the page's centre, as a picture to be compared with another. */
async function glance(page, area) {
  const side = 160;
  const clip = {
    x: area.x + area.width / 2 - side / 2,
    y: area.y + area.height / 2 - side / 2,
    width: side,
    height: side,
  };
  return (await page.screenshot({ clip, scale: "css" })).toString("base64");
}

/** Milliseconds from now until the centre of the map looks otherwise than `before`. */
async function untilOtherwise(page, area, before, since, limit = 60_000) {
  while (performance.now() - since < limit) {
    if ((await glance(page, area)) !== before) return performance.now() - since;
  }
  return null;
}

/** How much of the map is drawn: share of its pixels that are not its most common colour. */
export async function inked(page, eye, area) {
  const shot = (await page.screenshot({ clip: area, scale: "css" })).toString(
    "base64",
  );
  return eye.evaluate(async (data) => {
    const image = new Image();
    image.src = `data:image/png;base64,${data}`;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const pixels = new Uint32Array(
      context.getImageData(0, 0, image.width, image.height).data.buffer,
    );
    const counts = new Map();
    for (const pixel of pixels)
      counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
    return 1 - Math.max(...counts.values()) / pixels.length;
  }, shot);
}

/** Time between frames of the page, with the mouse held still or dragging the map about. */
export async function frames(page, frame, area, moving, drag) {
  const seconds = 3;
  const collected = frame.evaluate(
    (duration) =>
      new Promise((resolve) => {
        const times = [];
        const end = performance.now() + duration;
        const look = (now) => {
          times.push(now);
          if (now < end) requestAnimationFrame(look);
          else
            resolve(times.slice(1).map((time, index) => time - times[index]));
        };
        requestAnimationFrame(look);
      }),
    seconds * 1000,
  );
  // A page that is closed meanwhile must not end the whole comparison.
  collected.catch(() => undefined);
  if (moving) await drag(page, area, seconds);
  const gaps = (await collected).sort((a, b) => a - b);
  // A page that draws rarely has many idle frames between: their mean counts the waiting.
  return {
    mean: round(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length),
    median: round(median(gaps)),
    p95: round(gaps[Math.min(gaps.length - 1, Math.floor(gaps.length * 0.95))]),
  };
}

/** Pulls the map to and fro until the time is over. */
export async function pull(page, area, seconds) {
  const [x, y] = [area.x + area.width / 2, area.y + area.height / 2];
  const end = performance.now() + seconds * 1000;
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let i = 0; performance.now() < end; i++) {
    await page.mouse.move(x + 60 * Math.sin(i / 5), y + 40 * Math.cos(i / 5));
  }
  await page.mouse.up();
}

/** From the click that chooses a colouring to a map that looks otherwise. */
export async function recolour(page, area, choose) {
  const before = await glance(page, area);
  const pressed = await choose();
  return untilOtherwise(page, area, before, pressed);
}

/** Process ids of a process and of all that it started. */
function family(root) {
  const parents = new Map();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      parents.set(Number(name), Number(parent));
    } catch {
      // It ended between the two calls.
    }
  }
  const found = [root];
  for (let i = 0; i < found.length; i++) {
    for (const [child, parent] of parents)
      if (parent === found[i]) found.push(child);
  }
  return found;
}

/** Megabytes that a process and all that it started hold, pages that they share counted once. */
export function memory(root) {
  if (!existsSync("/proc/self/smaps_rollup")) return null;
  let kilobytes = 0;
  for (const pid of family(root)) {
    try {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
      kilobytes += Number(/^Pss:\s+(\d+)/m.exec(text)[1]);
    } catch {
      // It ended between the two calls.
    }
  }
  return Math.round(kilobytes / 1024);
}

/** Seconds of processor that a process and all that it started have used. */
export function processor(root) {
  let ticks = 0;
  for (const pid of family(root)) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It ended between the two calls.
    }
  }
  return ticks / 100;
}
