import type { Metric, Neighbor, NeighborAnswer, NeighborList } from "./knowing.js";
import { ServerError } from "./transport.js";
import { decode } from "./wire.js";

/** Distances are carried as so many parts of the largest one. */
const LEVELS = 65_535;

/** How a page finds what it carries: neighbours of all rows of a snapshot, and names of rows. */
export interface CarriedNeighbors {
  /** Rejects where the page does not hold that snapshot's. */
  nearest(space: string, step: string): Promise<ArrayBuffer>;
  ids(): Promise<(string | number)[]>;
}

/** What a server would answer to `neighbors`, from lists that were made before. */
export async function carriedNeighbors(
  carried: CarriedNeighbors,
  query: URLSearchParams,
): Promise<NeighborAnswer> {
  const row = Number(query.get("row"));
  const space = query.get("space") ?? "";
  const step = query.get("step") ?? "";
  const metric = (query.get("metric") ?? "euclidean") as Metric;
  const wanted = Number(query.get("n") ?? 15);
  const listed = await listOf(carried, { row, space, step, metric, wanted });
  const answer: NeighborAnswer = { ...listed, row, metric };
  const otherSpace = query.get("other_space") ?? space;
  const otherStep = query.get("other_step") ?? step;
  if (query.get("other_run") !== null) {
    const reason = "This page holds one run only.";
    return { ...answer, other: { space: otherSpace, step: Number(otherStep), reason } };
  }
  if (otherSpace === space && otherStep === step) return answer;
  try {
    const other = await listOf(carried, {
      row,
      space: otherSpace,
      step: otherStep,
      metric,
      wanted,
    });
    const theirs = new Set(other.neighbors?.map((one) => one.row));
    const shared = listed.neighbors?.map((one) => one.row).filter((one) => theirs.has(one)) ?? [];
    return { ...answer, other, shared: shared.sort((a, b) => a - b) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ...answer, other: { space: otherSpace, step: Number(otherStep), reason } };
  }
}

interface Asked {
  row: number;
  space: string;
  step: string;
  metric: Metric;
  wanted: number;
}

async function listOf(carried: CarriedNeighbors, asked: Asked): Promise<NeighborList> {
  const { row, space, step, metric, wanted } = asked;
  const [bytes, ids] = await Promise.all([carried.nearest(space, step), carried.ids()]);
  const { arrays, meta } = decode(bytes);
  if (metric !== meta.metric) {
    const held = String(meta.metric);
    throw notHere(`This page holds the nearest items by ${held} distance only.`);
  }
  const rows = arrays.get("rows");
  const parts = arrays.get("distances");
  const width = rows?.shape[1] ?? 0;
  const none = rows?.data instanceof Uint16Array ? 0xffff : 0xffffffff;
  if (rows === undefined || parts === undefined || (rows.data[row * width] ?? none) === none) {
    throw notHere(`This item has no vector in ${space} at step ${step}.`);
  }
  const neighbors: Neighbor[] = [];
  for (let i = row * width; i < row * width + Math.min(width, wanted); i++) {
    const near = rows.data[i]!;
    const distance = (parts.data[i]! / LEVELS) * Number(meta.largest);
    neighbors.push({ row: near, id: ids[near] ?? near, distance });
  }
  return {
    space,
    step: Number(step),
    neighbors,
    method: meta.method as NeighborList["method"],
    recall: Number(meta.recall),
    n_checked: Number(meta.n_checked),
    n_samples: Number(meta.n_samples),
  };
}

function notHere(message: string): ServerError {
  return new ServerError("not_in_file", message, 404);
}
