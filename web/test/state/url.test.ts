import { describe, expect, it } from "vitest";
import {
  decodeAddress,
  encodeAddress,
  LONGEST_SELECTION,
  type Address,
} from "../../src/state/url.js";

const FULL: Address = {
  run: "a/b c",
  space: "layer 2",
  dimensions: 3,
  step: 1200,
  color: 'column:["tags","=a&b"]',
  hidden: [
    ["column:label", "=cat, dog"],
    ["trust", "bin 3"],
  ],
  camera: "0.5,-1,2,0,0,0,1,0,0,0,1",
  trails: true,
  trust: 0.8,
  layers: "contours.o0.2",
  theme: "light",
  selection: { order: "beef", rows: [0, 35, 36, 123456] },
};

describe("an address", () => {
  it("restores the view it came from", () => {
    expect(decodeAddress(`#${encodeAddress(FULL)}`)).toEqual(FULL);
  });

  it("is the same text for the same view", () => {
    expect(encodeAddress(decodeAddress(encodeAddress(FULL)))).toBe(encodeAddress(FULL));
  });

  it("leaves a long selection out", () => {
    const rows = Array.from({ length: LONGEST_SELECTION + 1 }, (_, i) => i);
    const text = encodeAddress({ run: "a", selection: { order: "x", rows } });

    expect(text).toBe("run=a");
  });

  it("that makes no sense is ignored part by part", () => {
    const address = decodeAddress(
      "#dim=7&step=now&theme=pink&hide={&hide=[1,2]&rows=zz&run=ok&trust=",
    );

    expect(address).toEqual({
      ...decodeAddress(""),
      run: "ok",
      hidden: [],
    });
  });
});
