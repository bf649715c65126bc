import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { arrayNamed, decode, encode, WireError } from "../../src/data/wire.js";

const GOLDEN = new URL("../../../tests/golden/wire/", import.meta.url);

interface Expected {
  refused?: string;
  arrays?: { name: string; dtype: string; shape: number[]; values: (number | string)[] }[];
  meta?: Record<string, unknown>;
}

function golden(name: string): ArrayBuffer {
  const bytes = readFileSync(new URL(`${name}.bin`, GOLDEN));
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

describe("the golden frames", () => {
  const names = readdirSync(GOLDEN)
    .filter((file) => file.endsWith(".bin"))
    .map((file) => file.slice(0, -4));

  it("are there", () => {
    expect(names.length).toBeGreaterThan(5);
  });

  for (const name of names) {
    const text = readFileSync(new URL(`${name}.json`, GOLDEN), "utf-8");
    const expected = JSON.parse(text) as Expected;
    if (expected.refused !== undefined) {
      it(`${name} is refused: ${expected.refused}`, () => {
        expect(() => decode(golden(name))).toThrow(WireError);
      });
      continue;
    }
    it(`${name} reads as written`, () => {
      const frame = decode(golden(name));

      expect([...frame.arrays.keys()]).toEqual(expected.arrays?.map((array) => array.name));
      expect(frame.meta).toEqual(expected.meta);
      for (const array of expected.arrays ?? []) {
        const found = frame.arrays.get(array.name);
        expect(found?.shape).toEqual(array.shape);
        expect(Array.from(found?.data ?? [])).toEqual(array.values.map(Number));
      }
    });
  }
});

describe("decode", () => {
  it("copies nothing", () => {
    const buffer = encode({ values: { data: Float32Array.of(1, 2, 3) } });
    const values = arrayNamed(decode(buffer), "values", Float32Array);

    expect(values.buffer).toBe(buffer);
    expect(values.byteOffset % 8).toBe(0);
  });

  it("gives back what encode was given", () => {
    const arrays = {
      a: { data: Uint8Array.of(1, 2, 255), shape: [3] },
      b: { data: Float32Array.of(0.5, Number.NaN, -1, 2), shape: [2, 2] },
      c: { data: Float64Array.of(1.7e12) },
    };
    const frame = decode(encode(arrays, { step: 12, name: "ü" }));

    expect(frame.meta).toEqual({ step: 12, name: "ü" });
    expect(frame.arrays.get("a")?.data).toEqual(arrays.a.data);
    expect(frame.arrays.get("b")).toEqual({ data: arrays.b.data, shape: [2, 2] });
    expect(frame.arrays.get("c")?.data).toEqual(arrays.c.data);
  });

  it("names what came instead of a frame", () => {
    const page = new TextEncoder().encode("<!doctype html>").buffer;

    expect(() => decode(page)).toThrow('begins with "<!do"');
  });

  it("says which version the server speaks", () => {
    const buffer = encode({});
    const bytes = new Uint8Array(buffer);
    const text = new TextDecoder("latin1").decode(bytes);
    bytes[text.indexOf('"version":1') + 10] = "7".charCodeAt(0);

    expect(() => decode(buffer)).toThrow("wire version 7, this viewer version 1");
  });

  it("refuses every truncation", () => {
    const whole = encode({ values: { data: Float32Array.of(1, 2, 3, 4) } });
    for (let length = 0; length < whole.byteLength; length++) {
      expect(() => decode(whole.slice(0, length)), `${length} bytes`).toThrow(WireError);
    }
  });

  it("says which array is not there, and of what type it is", () => {
    const frame = decode(encode({ codes: { data: Uint16Array.of(1) } }));

    expect(() => arrayNamed(frame, "values", Float32Array)).toThrow(
      'no array "values"; it has codes',
    );
    expect(() => arrayNamed(frame, "codes", Float32Array)).toThrow("a Float32Array was expected");
  });
});
