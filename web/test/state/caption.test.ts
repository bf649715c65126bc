import { describe, expect, it } from "vitest";
import type { MapErrors } from "../../src/data/measured.js";
import type { FrameInfo, ProjectionInfo } from "../../src/data/types.js";
import { captionOf, type CaptionFacts } from "../../src/state/caption.js";

const frame = {
  step: 40,
  n_samples: 1795,
  n_excluded: 2,
  trustworthiness: 0.938,
  continuity: 0.949,
  null: 0.501,
  n_neighbors: 15,
  n_anchors: 1000,
} as unknown as FrameInfo;
const facts: CaptionFacts = {
  run: "digits",
  space: "hidden",
  step: 40,
  items: 1797,
  hidden: 0,
  projection: {
    label: "UMAP · 2D · seed 3",
    parameters: { basis: "all", n_components: 2, n_neighbors: 30 },
  } as unknown as ProjectionInfo,
  frame,
  errors: null,
  motion: null,
  noise: null,
  stability: null,
  faded: false,
};

describe("a caption", () => {
  it("says what is shown, how it was made, and how far it can be trusted", () => {
    expect(captionOf(facts)).toBe(
      "UMAP · 2D · seed 3 (n_neighbors 30), of “hidden” of run “digits” at step 40: " +
        "1,795 of 1,797 items (2 without a place). " +
        "Trustworthiness 0.94, continuity 0.95 at k = 15 (a shuffled map scores 0.50), " +
        "from 1,000 points ranked against all.",
    );
  });

  it("claims nothing that was not measured", () => {
    const bare = captionOf({ ...facts, frame: { ...frame, trustworthiness: null } });

    expect(bare).toContain("How far it can be trusted was not measured.");
    expect(bare).not.toMatch(/noise|other map|F /);
  });

  it("says what was hidden, faded and found", () => {
    const errors = {
      F: 0.41,
      variance_share: 0.31,
      cautions: [{ kind: "distance", text: "", value: 1, limit: 0 }],
    } as unknown as MapErrors["said"];
    const text = captionOf({
      ...facts,
      hidden: 95,
      faded: true,
      errors,
      noise: { like_noise: 0.04, n_maps: 1, cautions: [] },
    });

    expect(text).toContain("1,700 of 1,797 items (95 hidden, 2 without a place)");
    expect(text).toContain("Points fade where the map cannot be trusted.");
    expect(text).toContain("F 0.41 (0 is a random map)");
    expect(text).toContain("the axes show 31 % of the variance");
    expect(text).toContain(
      "4 % of the points are placed no better than noise; gaps between groups are not measurements.",
    );
  });
});
