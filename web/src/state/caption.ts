import type { MapErrors, MapNoise, MapStability, MotionScores } from "../data/measured.js";
import type { FrameInfo, ProjectionInfo } from "../data/types.js";
import type { Viewer } from "./viewer.js";
import { count, counted, percent, score } from "./format.js";

/** What a caption is written from; what has not been measured is null and is not claimed. */
export interface CaptionFacts {
  run: string;
  space: string;
  step: number;
  /** Items of the run. */
  items: number;
  /** Items that are filtered out at the moment. */
  hidden: number;
  projection: ProjectionInfo;
  frame: FrameInfo | null;
  errors: MapErrors["said"] | null;
  motion: MotionScores | null;
  noise: MapNoise["said"] | null;
  stability: MapStability["said"] | null;
  /** Whether points fade by how far they can be trusted. */
  faded: boolean;
}

/** The caption of what is on screen; empty without a map. */
export function captionNow({ state, measures }: Pick<Viewer, "state" | "measures">): string {
  const { run, projection, spaceName, timeline, frame, trustFade, shown } = state;
  const step = timeline.step.value;
  if (run.value === null || projection.value === null || step === null) return "";
  return captionOf({
    run: run.value.name,
    space: spaceName.value ?? "",
    step,
    items: run.value.n_items,
    hidden: shown.value.hidden,
    projection: projection.value,
    frame: frame.value,
    errors: measures.errors.value.value?.said ?? null,
    motion: measures.motion.value.value,
    noise: measures.noise.value.value?.said ?? null,
    stability: measures.stability.value.value?.said ?? null,
    faded: trustFade.value > 0,
  });
}

/** A caption that says what the map shows, how it was made, and how far it can be trusted. */
export function captionOf(facts: CaptionFacts): string {
  return [shownOf(facts), scoresOf(facts), motionOf(facts), limitsOf(facts)]
    .filter((sentence) => sentence !== "")
    .join(" ");
}

function shownOf({ run, space, step, items, hidden, projection, frame, faded }: CaptionFacts) {
  const placed = frame?.n_samples ?? 0;
  const drawn = Math.max(0, placed - hidden);
  const points =
    drawn === items
      ? `all ${counted(items, "item")}`
      : `${count(drawn)} of ${counted(items, "item")}`;
  const why = [
    ...(hidden > 0 ? [`${count(hidden)} hidden`] : []),
    ...(items > placed ? [`${count(items - placed)} without a place`] : []),
  ];
  const left = why.length > 0 ? ` (${why.join(", ")})` : "";
  const fading = faded ? " Points fade where the map cannot be trusted." : "";
  return `${projection.label}${parametersOf(projection)}, of “${space}” of run “${run}” at step ${count(step)}: ${points}${left}.${fading}`;
}

/** Parameters that the label does not say already. */
function parametersOf({ parameters }: ProjectionInfo): string {
  const said = new Set(["basis", "n_components"]);
  const others = Object.entries(parameters ?? {}).filter(
    ([name, value]) => !said.has(name) && value !== null,
  );
  return others.length === 0
    ? ""
    : ` (${others.map(([name, value]) => `${name} ${String(value)}`).join(", ")})`;
}

function scoresOf({ frame, errors }: CaptionFacts): string {
  if (frame === null || frame.trustworthiness === null)
    return "How far it can be trusted was not measured.";
  const faithful = errors === null ? "" : `, F ${score(errors.F)} (0 is a random map)`;
  const anchors = frame.n_anchors ?? 0;
  const from =
    anchors > 0 && anchors < frame.n_samples
      ? `, from ${count(anchors)} points ranked against all`
      : "";
  const share = errors?.variance_share ?? null;
  const variance = share === null ? "" : `; the axes show ${percent(share, 1)} of the variance`;
  return (
    `Trustworthiness ${score(frame.trustworthiness)}, continuity ${score(frame.continuity)} at ` +
    `k = ${frame.n_neighbors ?? "–"} (a shuffled map scores ${score(frame.null)})${faithful}${from}${variance}.`
  );
}

function motionOf({ motion }: CaptionFacts): string {
  if (motion === null) return "";
  const still = motion.still === null ? "" : `, still test ${Number(motion.still.toFixed(4))}`;
  return `Over the run: faithfulness F ${score(motion.F)}, coherence C ${score(motion.C)}, false motion J ${motion.J?.toFixed(3) ?? "–"}${still}.`;
}

function limitsOf({ errors, noise, stability }: CaptionFacts): string {
  const parts: string[] = [];
  if (noise !== null && noise.like_noise !== null) {
    parts.push(`${percent(noise.like_noise, 1)} of the points are placed no better than noise`);
  }
  if (stability !== null) {
    const spread = stability.setting_spread ?? stability.seed_spread;
    if (spread !== null) {
      parts.push(
        `${counted(stability.n_maps, "other map")} (${stability.settings}) agree on ${percent(1 - spread, 1)} of the neighbourhoods`,
      );
    }
  }
  const kinds = new Set((errors?.cautions ?? []).map((caution) => caution.kind));
  if (kinds.has("distance")) parts.push("gaps between groups are not measurements");
  if (kinds.has("density")) parts.push("tight spots need not be tight in the data");
  if (parts.length === 0) return "";
  const text = parts.join("; ");
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}
