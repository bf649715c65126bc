import type { MeasureKind, TornNeighbours } from "./measured.js";
import type { SampleRun } from "./sample.js";
import { encode } from "./wire.js";

const TORN = 6;

/** Numbers of a made-up run, as a server would have measured them; for tests and the gallery. */
export function measuredSample(
  run: SampleRun,
  kind: MeasureKind,
  step: number | null,
  rows: string | undefined,
): ArrayBuffer {
  switch (kind) {
    case "tracks":
      return tracks(run);
    case "similarity": {
      const n = Number(rows);
      return encode(cka(run, 0.9), { n: Math.min(n, 1000), n_shared: n });
    }
    case "motion":
      return step === null ? motion(run) : points(run, MOTION_POINTS, {});
    case "errors":
      return points(run, ERROR_POINTS, ERRORS_SAID);
    case "noise":
      return points(run, NOISE_POINTS, {
        like_noise: 0.04,
        n_maps: 1,
        cautions: [],
      });
    case "stability":
      return points(run, STABILITY_POINTS, {
        settings: "n_neighbors 10, 30, 100; seeds 1, 2, 3",
        n_maps: 9,
        n_samples: run.n,
        seed_spread: 0.14,
        setting_spread: 0.22,
        groups: [],
        cautions: [
          {
            kind: "setting",
            text: "group digit 8 stays together in 3 of 9 other maps",
            value: 0.41,
            limit: 0.5,
          },
        ],
      });
  }
}

/** Neighbours on a made-up map: a few rows of another class, and a few of its own. */
export function tornSample(run: SampleRun, row: number): TornNeighbours {
  const classes = run.classes.length;
  const others = (shift: number) =>
    Array.from({ length: TORN }, (_, i) => (row + shift + (7 * i + 3) * classes) % run.n);
  return { row, n_neighbors: 15, torn: others(5), false: others(0).slice(0, 4) };
}

type Value = (row: number, share: number) => number;
const MOTION_POINTS: Record<string, Value> = {
  point_faithfulness: (_, share) => 0.4 + 0.4 * share,
  point_false_motion: (row, share) => 0.22 * share * ((row * 13) % 7 === 0 ? 1 : 0.2),
  point_missed_motion: () => 0.02,
};
const ERROR_POINTS: Record<string, Value> = {
  false: (_, share) => 0.7 * share,
  missing: (_, share) => 0.8 * share * share,
  kept: (_, share) => 1 - 0.7 * share,
  faithfulness: (_, share) => 0.9 - 0.6 * share,
};
const NOISE_POINTS: Record<string, Value> = {
  p_values: (_, share) => (share > 0.8 ? share : 0.01),
  noisy: (_, share) => Number(share > 0.9),
};
const STABILITY_POINTS: Record<string, Value> = { stability: (_, share) => 1 - share };
const ERRORS_SAID = {
  trustworthiness: 0.938,
  continuity: 0.949,
  shuffled: 0.5,
  n_neighbors: 15,
  n_anchors: 1000,
  n_samples: 1797,
  n_features: 64,
  F: 0.41,
  F_error: 0.004,
  kept: 0.46,
  distances: 0.62,
  density: 0.21,
  dimension: 11.3,
  variance_share: 0.31,
  cautions: [
    {
      kind: "distance",
      text: "the gap between digit 3 and digit 8 is not a measurement: it is drawn 2.7 times wider than in the data",
      value: 2.7,
      limit: 2,
    },
    {
      kind: "density",
      text: "tight here does not mean tight in the data: the map evens densities out",
      value: 0.21,
      limit: 0.5,
    },
  ],
};

function points(
  run: SampleRun,
  values: Record<string, Value>,
  said: Record<string, unknown>,
): ArrayBuffer {
  const hard = run.columns.find((column) => column.info.name === "difficulty");
  const share = (row: number) => Number(hard?.value(row) ?? (row % 10) / 10);
  const n = Math.min(run.n, 1000);
  const arrays = Object.entries(values).map(
    ([name, value]) =>
      [
        name,
        { data: Float32Array.from({ length: n }, (_, row) => value(row, share(row))) },
      ] as const,
  );
  const rows = { data: Uint32Array.from({ length: n }, (_, row) => row) };
  return encode({ rows, ...Object.fromEntries(arrays) }, said);
}

function progress(run: SampleRun, step: number): number {
  return 1 - Math.exp(-4 * (step / Math.max(run.steps.at(-1) ?? 1, 1)));
}

function tracks(run: SampleRun): ArrayBuffer {
  const shapes: [name: string, against: string, value: (share: number) => number][] = [
    ["effective_rank", "", (share) => 6 + 30 * share],
    ["participation_ratio", "", (share) => 3 + 9 * share],
    ["knn_accuracy", "", (share) => 0.4 + 0.55 * share],
    ["drift_l2", "skip 1", (share) => 0.4 * (1 - share) + 0.02],
    ["cka", "first", (share) => 1 - 0.8 * share],
    ["cka", "last", (share) => 0.25 + 0.75 * share],
  ];
  const values: number[] = [];
  for (const [, , value] of shapes) {
    values.push(...run.steps.map((s) => value(progress(run, s)) * (1 + 0.02 * Math.sin(s))));
  }
  const column = (make: (value: number, i: number) => number) => ({
    data: Float64Array.from(values, make),
  });
  return encode(
    {
      steps: column((_, i) => run.steps[i % run.steps.length]!),
      values: column((value) => value),
      standard_errors: column((value) => 0.04 * Math.abs(value)),
      n: column(() => run.n),
      ...cka(run, 1),
    },
    {
      tracks: shapes.map(([name, against]) => ({ name, against, n_values: run.steps.length })),
      n_probe: Math.min(run.n, 1000),
      classes: run.classes,
      absent: {},
      notes: [],
    },
  );
}

function cka(run: SampleRun, sharpness: number) {
  const t = run.steps.length;
  const values = new Float32Array(t * t);
  run.steps.forEach((a, i) =>
    run.steps.forEach((b, j) => {
      const apart = Math.abs(progress(run, a) - progress(run, b));
      values[i * t + j] = Math.exp(-3 * sharpness * apart * apart);
    }),
  );
  return {
    cka: { data: values, shape: [t, t] },
    cka_steps: { data: Float64Array.from(run.steps) },
  };
}

function motion(run: SampleRun): ArrayBuffer {
  const t = run.steps.length;
  const between = (value: (share: number, i: number) => number) => ({
    data: Float64Array.from({ length: Math.max(t - 1, 0) }, (_, i) =>
      value(progress(run, run.steps[i + 1]!), i),
    ),
  });
  return encode(
    {
      steps: { data: Float64Array.from(run.steps) },
      faithfulness: { data: Float64Array.from(run.steps, (s) => 0.2 + 0.3 * progress(run, s)) },
      who: between((share) => 0.5 + 0.3 * share),
      false_motion: between((_, i) => 0.012 + 0.006 * Math.sin(i)),
      missed_motion: between(() => 0.01),
      rigid_share: between((share) => 0.4 - 0.2 * share),
      speed_data: between((share) => 1.4 - share),
      speed_relational: between((share) => 0.9 - 0.6 * share),
      speed_map: between((share) => 0.5 - 0.4 * share),
    },
    {
      F: 0.41,
      C: 0.83,
      J: 0.014,
      who: 0.74,
      when: 0.92,
      missed: 0.01,
      rigid_share: 0.28,
      pooled: 0.7,
      C_relational: 0.78,
      still: 0,
      still_snapshots: 3,
      n_anchors: Math.min(run.n, 1000),
      cautions: [],
    },
  );
}
