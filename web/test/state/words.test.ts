import { describe, expect, it } from "vitest";
import {
  bytes,
  counted,
  date,
  duration,
  measured,
  percent,
  score,
  shortCount,
  valueText,
} from "../../src/state/format.js";
import { placeOf } from "../../src/state/items.js";
import { commandOf, KEYMAP } from "../../src/state/keymap.js";
import { computed, onChange, signal } from "../../src/state/signal.js";

describe("numbers", () => {
  it("are written the same everywhere", () => {
    expect(shortCount(1797)).toBe("1,797");
    expect(shortCount(262_144)).toBe("262 k");
    expect(shortCount(1_234_567)).toBe("1.23 M");
    expect(counted(1, "point")).toBe("1 point");
    expect(counted(0, "point")).toBe("0 points");
    expect(measured(0.123456)).toBe("0.1235");
    expect(measured(-41200.4)).toBe("−41,200");
    expect(measured(1.5e-7)).toBe("1.50e−7");
    expect(measured(Number.NaN)).toBe("–");
    expect(measured(Number.NEGATIVE_INFINITY)).toBe("−∞");
    expect(score(null)).toBe("–");
    expect(bytes(18_400_000)).toBe("18.4 MB");
    expect(duration(0.4)).toBe("under 1 s");
    expect(duration(200)).toBe("about 3 min");
  });

  it("of shares never round something to nothing or to all", () => {
    expect(percent(1, 1000)).toBe("< 1 %");
    expect(percent(9999, 10_000)).toBe("99 %");
    expect(percent(0, 10)).toBe("0 %");
    expect(percent(1, 0)).toBe("–");
  });
});

describe("values", () => {
  it("of every kind become text", () => {
    expect(valueText(null)).toBe("missing");
    expect(valueText(["a", "b"])).toBe("a, b");
    expect(valueText([])).toBe("none");
    expect(valueText([{ group: "pen", name: "thin" }])).toBe("pen: thin");
    expect(valueText(true)).toBe("true");
    expect(valueText(1.7e12, "date")).toBe("2023-11-14 22:13");
    expect(date(Date.UTC(2026, 10, 21))).toBe("2026-11-21");
  });
});

describe("keys", () => {
  const press = (key: string, held: Partial<KeyboardEventInit> = {}) =>
    commandOf({ key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...held });

  it("mean what the help page says", () => {
    expect(press(" ")).toBe("play");
    expect(press("ArrowLeft")).toBe("previous");
    expect(press("ArrowLeft", { shiftKey: true })).toBe("back-ten");
    expect(press("?", { shiftKey: true })).toBe("help");
    expect(press("L")).toBe("lasso");
    expect(press("z", { ctrlKey: true })).toBe("undo");
    expect(press("Z", { ctrlKey: true, shiftKey: true })).toBe("redo");
    expect(press("z", { metaKey: true })).toBe("undo");
  });

  it("held with another modifier are the browser's", () => {
    expect(press("l", { ctrlKey: true })).toBeNull();
    expect(press("ArrowLeft", { altKey: true })).toBeNull();
  });

  it("are each given once", () => {
    const keys = KEYMAP.flatMap((binding) => binding.keys);

    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("tiles", () => {
  it("are numbered along rows, page after page", () => {
    const images = { tile_width: 8, tile_height: 4, columns: 3, rows: 2, n_pages: 2, n_failed: 0 };

    expect(placeOf(4, images)).toEqual({ page: 0, x: 8, y: 4 });
    expect(placeOf(6, images)).toEqual({ page: 1, x: 0, y: 0 });
  });
});

describe("signals", () => {
  it("tell when they change, and only then", () => {
    const a = signal(1);
    const heard: number[] = [];
    const stop = a.subscribe((value) => heard.push(value));
    a.set(1);
    a.set(2);
    stop();
    a.set(3);

    expect(heard).toEqual([1, 2]);
  });

  it("follow others", () => {
    const [a, b] = [signal(2), signal(3)];
    const product = computed([a, b], (x, y) => x * y);
    let changes = 0;
    onChange([product], () => changes++);
    a.set(4);
    b.set(1);

    expect(product.value).toBe(4);
    expect(changes).toBe(2);
  });
});
