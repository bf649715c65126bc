import { describe, expect, it } from "vitest";
import { lineData, ringData } from "../../src/stage/line_layer.js";
import { Lines } from "../../src/state/lines.js";

describe("lines of several owners", () => {
  it("are drawn as one, each in its tone", () => {
    const data = lineData(
      [
        { from: [1, 1], to: [2, 3], tone: "accent" },
        { from: [4], to: [5], tone: "error", dashed: true, strength: [0.5] },
      ],
      "dark",
    );

    expect([...data.ends]).toEqual([1, 2, 1, 3, 4, 5]);
    expect([...data.dashed]).toEqual([0, 0, 1]);
    expect([...data.colors.subarray(0, 3)]).toEqual([0x4f, 0xd1, 0xb5]);
    expect([data.colors[3], data.colors[11]]).toEqual([217, 108]);
  });

  it("take the colours of the theme", () => {
    const rings = [{ rows: [7], tone: "warning" }] as const;

    expect([...ringData(rings, "dark").colors]).toEqual([0xe8, 0xb8, 0x4a, 255]);
    expect([...ringData(rings, "light").colors]).toEqual([0x8a, 0x5a, 0x00, 255]);
  });

  it("go away with their owner only", () => {
    const lines = new Lines();
    lines.set("neighbours", { lines: [{ from: [0], to: [1], tone: "accent" }] });
    lines.set("torn", { rings: [{ rows: [3], tone: "error" }] });
    const before = lines.version.value;
    lines.set("torn", null);
    lines.set("nobody", null);

    expect(lines.lines).toHaveLength(1);
    expect(lines.rings).toEqual([]);
    expect(lines.version.value).toBe(before + 1);
  });
});
