import { expect, test } from "@playwright/test";
// Brings the type of `window.lab`, which the harness page defines.
import type {} from "../test/render/harness.js";

test.beforeEach(async ({ page }) => {
  await page.goto("/test/render/harness.html");
  await page.waitForFunction(() => window.lab !== undefined);
});

test("draws points of many colours on the theme's canvas", async ({ page }) => {
  const found = await page.evaluate(() => {
    const { lab } = window;
    const data = lab.blobs(5000, 10, 1);
    const renderer = lab.start();
    renderer.setSnapshot("0", data.snapshots[0]!);
    renderer.setColors(lab.classColors(data, "dark"));
    renderer.draw(lab.view(lab.cameraOver(data, { width: 800, height: 600 })));
    const pixels = lab.pixels();
    const colors = new Set<number>();
    for (let i = 0; i < pixels.length; i += 4) {
      colors.add((pixels[i]! << 16) | (pixels[i + 1]! << 8) | pixels[i + 2]!);
    }
    return { corner: lab.pixelAt(pixels, 1, 1), colors: colors.size };
  });

  expect(found.corner).toEqual([7, 9, 12]);
  expect(found.colors).toBeGreaterThan(500);
});

test("a dot has its row's colour where its row is", async ({ page }) => {
  const seen = await page.evaluate(() => {
    const { lab } = window;
    const renderer = lab.start(200, 100);
    const planar = new Float32Array([-1, 0, 1, 0.25, 0, 0.1]);
    const size = { width: 200, height: 100 };
    const camera = lab.Camera.around({ planar: { low: [-2, -1], high: [2, 1] } }, size);
    renderer.setSnapshot("0", { planar });
    renderer.setColors(new Uint8Array([255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255]));
    renderer.draw(lab.view(camera, { pointSize: 8, opacity: 1 }));
    const pixels = lab.pixels();
    return [0, 1, 2].map((row) => {
      const at = camera.project(planar.subarray(2 * row, 2 * row + 2), size, 0);
      return lab.pixelAt(pixels, at.x, at.y);
    });
  });

  expect(seen).toEqual([
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
  ]);
});

for (const [name, depth, pixelRatio] of [
  ["2D", 0, 1],
  ["3D", 1, 1],
  ["2D on a screen of twice the pixels", 0, 2],
  ["3D on a screen of twice the pixels", 1, 2],
] as const) {
  test(`the picked row is the drawn row at 200 places in ${name}`, async ({ page }) => {
    const { drawn, picked } = await page.evaluate(
      async ({ depth, pixelRatio }) => {
        const { lab } = window;
        const size = { width: 800, height: 600 };
        const count = 5000;
        const data = lab.blobs(count, 6, 1, 4);
        const renderer = lab.start(800, 600, pixelRatio);
        // Four pictures, each with one byte of (row, hash of row) in green and blue. Red is full
        // and measures the haze. Where dots mix, the hash does not belong to the row.
        const hash = (row: number) => Math.imul(row + 1, 0x9e3779b1) >>> 16;
        const bytesOf = (row: number) => [row & 255, row >> 8, hash(row) & 255, hash(row) >> 8];
        const flags = new Uint8Array(count);
        for (let row = 0; row < count; row++) {
          if (row % 7 === 0) flags[row] = lab.SELECTED;
          if (row % 11 === 0) flags[row] = lab.HIDDEN;
        }
        const positions = data.snapshots[0]!;
        renderer.setSnapshot("0", positions);
        renderer.setFlags(flags);
        const camera = lab.cameraOver(data, size);
        const black = { ...lab.theme("dark"), canvas: [0, 0, 0] as const };
        const view = lab.view(camera, { depth, theme: black, opacity: 1, pointSize: 6 });
        const pictures = [0, 1, 2, 3].map((byte) => {
          const colors = new Uint8Array(4 * count);
          for (let row = 0; row < count; row++) {
            const value = bytesOf(row)[byte]!;
            colors.set([255, 17 * (value >> 4), 17 * (value & 15), 255], 4 * row);
          }
          renderer.setColors(colors);
          renderer.draw(view);
          return lab.pixels();
        });
        const next = lab.random(8);
        const drawn: number[] = [];
        const picked: number[] = [];
        while (drawn.length < 200) {
          const some = Math.floor(next() * count);
          const at = depth
            ? camera.project(positions.spatial.subarray(3 * some, 3 * some + 3), size, 1)
            : camera.project(positions.planar.subarray(2 * some, 2 * some + 2), size, 0);
          const [low, high, check, again] = pictures.map((pixels) => {
            const [r, g, b] = lab.pixelAt(pixels, at.x, at.y, pixelRatio);
            const digits = [g!, b!].map((value) => (15 * value) / r!);
            // Darker: no dot, or the black ring of a selected one.
            if (r! < 128) return NaN;
            return 16 * Math.round(digits[0]!) + Math.round(digits[1]!);
          });
          const row = 256 * high! + low!;
          if (256 * again! + check! !== hash(row)) continue;
          // Selected dots let their dark rings mix: below a ring the hash is that of both rows.
          if (row % 7 === 0) continue;
          drawn.push(row);
          picked.push(await renderer.pick(at.x, at.y, view));
        }
        return { drawn, picked };
      },
      { depth, pixelRatio },
    );

    const others = picked.filter((row, i) => row !== drawn[i]).length;
    // In the plane a pixel at the edge of a dot shows mostly what lies below it; the dot is meant.
    expect(picked).toHaveLength(200);
    expect(others).toBeLessThanOrEqual(depth > 0 ? 0 : 2);
  });
}

test("hidden rows are neither drawn nor picked, nor are rows past the prefix", async ({ page }) => {
  const found = await page.evaluate(async () => {
    const { lab } = window;
    const size = { width: 300, height: 100 };
    const renderer = lab.start(300, 100);
    const planar = new Float32Array([-1, 0, 0, 0, 1, 0]);
    const camera = lab.Camera.around({ planar: { low: [-1, 0], high: [1, 0] } }, size);
    renderer.setSnapshot("0", { planar });
    renderer.setColors(new Uint8Array(12).fill(255));
    renderer.setFlags(new Uint8Array([0, lab.HIDDEN, lab.HIDDEN | lab.SELECTED]));
    const look = async (drawCount: number) => {
      const view = lab.view(camera, { pointSize: 10, opacity: 1, drawCount });
      renderer.draw(view);
      const pixels = lab.pixels();
      const places = [0, 1, 2].map((i) =>
        camera.project(planar.subarray(2 * i, 2 * i + 2), size, 0),
      );
      const picked = [];
      for (const { x, y } of places) picked.push(await renderer.pick(x, y, view));
      return { red: places.map(({ x, y }) => lab.pixelAt(pixels, x, y)[0]), picked };
    };
    const filtered = await look(3);
    renderer.setFlags(new Uint8Array([0, 0, lab.SELECTED]));
    return { filtered, all: await look(3), prefix: await look(1) };
  });

  expect(found.filtered).toEqual({ red: [255, 7, 7], picked: [0, -1, -1] });
  expect(found.all).toEqual({ red: [255, 255, 255], picked: [0, 1, 2] });
  expect(found.prefix).toEqual({ red: [255, 7, 7], picked: [0, -1, -1] });
});

test("positions read back equal the uploaded ones in every bit, after 20 turns to 3D", async ({
  page,
}) => {
  const different = await page.evaluate(() => {
    const { lab } = window;
    const count = 9001;
    const renderer = lab.start(100, 100);
    const next = lab.random(2);
    // Any bits at all: NaNs with payloads, denormal numbers, both zeros and infinities.
    const anything = (n: number) =>
      new Float32Array(Uint32Array.from({ length: n }, () => next() * 2 ** 32).buffer);
    const positions = { planar: anything(2 * count), spatial: anything(3 * count) };
    renderer.setSnapshot("0", positions);
    const camera = lab.Camera.around({}, { width: 100, height: 100 });
    for (let turn = 0; turn < 20; turn++) {
      for (const depth of [0.3, 1, 0.7, 0]) renderer.draw(lab.view(camera, { depth }));
    }
    const rows = Uint32Array.from({ length: count }, (_, i) => (i * 7919) % count);
    let different = 0;
    for (const [fit, dimensions] of [
      ["planar", 2],
      ["spatial", 3],
    ] as const) {
      const bits = new Uint32Array(renderer.readPositions("0", fit, rows).buffer);
      const sent = new Uint32Array(positions[fit].buffer);
      rows.forEach((row, i) => {
        for (let d = 0; d < dimensions; d++) {
          if (bits[i * dimensions + d] !== sent[row * dimensions + d]) different++;
        }
      });
    }
    return different;
  });

  expect(different).toBe(0);
});

test("half way between two snapshots a dot is drawn half way, and one that leaves fades", async ({
  page,
}) => {
  const seen = await page.evaluate(() => {
    const { lab } = window;
    const size = { width: 300, height: 100 };
    const renderer = lab.start(300, 100);
    const camera = lab.Camera.around({ planar: { low: [-1, -0.3], high: [1, 0.3] } }, size);
    // Row 0 moves; row 1 leaves; row 2 arrives.
    renderer.setSnapshot("a", { planar: new Float32Array([-1, 0, 0.5, 0.3, NaN, NaN]) });
    renderer.setSnapshot("b", { planar: new Float32Array([1, 0, NaN, NaN, -0.5, -0.3]) });
    renderer.setColors(new Uint8Array(12).fill(255));
    const theme = { ...lab.theme("dark"), canvas: [0, 0, 0] as const };
    const look = (mix: number) => {
      renderer.draw(lab.view(camera, { from: "a", to: "b", mix, theme, opacity: 1, pointSize: 9 }));
      const pixels = lab.pixels();
      return [
        [-1, 0],
        [0, 0],
        [1, 0],
        [0.5, 0.3],
        [-0.5, -0.3],
      ].map((place) => {
        const { x, y } = camera.project(place, size, 0);
        return lab.pixelAt(pixels, x, y)[0];
      });
    };
    return [look(0), look(0.5), look(1)];
  });

  expect(seen[0]).toEqual([255, 0, 0, 255, 0]);
  expect(seen[2]).toEqual([0, 0, 255, 0, 255]);
  const [left, middle, right, leaving, arriving] = seen[1]!;
  expect([left, middle, right]).toEqual([0, 255, 0]);
  for (const fading of [leaving, arriving]) expect(Math.abs(fading! - 128)).toBeLessThan(2);
});

test("a lost context that comes back draws the identical picture", async ({ page }) => {
  const found = await page.evaluate(async () => {
    const { lab } = window;
    const data = lab.blobs(5000, 10, 2);
    const renderer = lab.start();
    data.snapshots.forEach((positions, i) => renderer.setSnapshot(String(i), positions));
    renderer.setColors(lab.classColors(data, "dark"));
    renderer.setTrust(Uint8Array.from({ length: 5000 }, (_, i) => i % 256));
    renderer.setFlags(Uint8Array.from({ length: 5000 }, (_, i) => i % 5));
    const rows = new Uint32Array([1, 6, 11, 16]);
    const paths = Float32Array.from({ length: 4 * 3 * 5 }, (_, i) => Math.sin(i) * 3);
    renderer.setTrails(rows, 5, { spatial: paths }, 2.5);
    const camera = lab.cameraOver(data, { width: 800, height: 600 });
    const view = lab.view(camera, {
      to: "1",
      mix: 0.5,
      depth: 1,
      selectionActive: true,
      trustFade: 0.7,
    });
    const event = (name: string) =>
      new Promise((resolve) => lab.canvas.addEventListener(name, resolve, { once: true }));
    renderer.draw(view);
    const before = lab.pixels();

    const lost = event("lab-lost");
    renderer.loseContext();
    await lost;
    renderer.draw(view);
    const whileLost = await renderer.pick(400, 300, view);
    // What arrives meanwhile must be there afterwards.
    renderer.setSnapshot("late", data.snapshots[0]!);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const restored = event("lab-restored");
    renderer.restoreContext();
    await restored;

    renderer.draw(view);
    const after = lab.pixels();
    renderer.draw({ ...view, from: "late", to: "late", mix: 0 });
    const late = lab.pixels();
    renderer.draw({ ...view, to: "0", mix: 0 });
    const same = (a: Uint8Array, b: Uint8Array) => a.every((value, i) => value === b[i]);
    return {
      identical: same(before, after),
      lateArrived: same(late, lab.pixels()),
      notBlank: before.some((value, i) => i % 4 === 0 && value > 100),
      whileLost,
      losses: renderer.stats().losses,
    };
  });

  expect(found).toEqual({
    identical: true,
    lateArrived: true,
    notBlank: true,
    whileLost: -1,
    losses: 1,
  });
});

test("the captured picture is the picture on screen, at any scale", async ({ page }) => {
  const found = await page.evaluate(async () => {
    const { lab } = window;
    const data = lab.blobs(3000, 10, 1);
    const renderer = lab.start(640, 480);
    renderer.setSnapshot("0", data.snapshots[0]!);
    renderer.setColors(lab.classColors(data, "light"));
    renderer.setFlags(Uint8Array.from({ length: 3000 }, (_, i) => (i % 9 === 0 ? 1 : 0)));
    const camera = lab.cameraOver(data, { width: 640, height: 480 });
    const view = lab.view(camera, { theme: lab.theme("light"), selectionActive: true });
    renderer.draw(view);
    const shown = lab.pixels();
    const image = renderer.capturePixels(view, 1);
    let different = 0;
    for (let line = 0; line < 480; line++) {
      for (let i = 0; i < 640 * 4; i++) {
        if (image.data[line * 2560 + i] !== shown[(479 - line) * 2560 + i]) different++;
      }
    }
    const png = await renderer.capture(view, 4);
    const large = await createImageBitmap(png);
    const open = renderer.capturePixels(view, 1, true);
    return {
      different,
      type: png.type,
      size: [large.width, large.height],
      corner: [...open.data.subarray(0, 4)],
    };
  });

  expect(found).toEqual({
    different: 0,
    type: "image/png",
    size: [2560, 1920],
    corner: [0, 0, 0, 0],
  });
});
