/**
 * The viewer beside TensorBoard's projector and the map of embedding-atlas, in one browser without
 * a GPU: from the command to the first picture, bytes, memory, frames, rectangle, colour, search.
 *
 *     node benchmarks/viewer_peers/main.mjs --peers ~/peers/bin/python
 *     node benchmarks/viewer_peers/main.mjs --vectors mnist.npz --points 70000 1000000
 *     … --atlas ~/node_modules/embedding-atlas --repeats 1 --minutes 15
 *     … --work ~/peers-work        data and turns stay there; the same command goes on, unless --fresh
 *
 * `--peers` has the tensorboard package; without it, or without `--atlas`, that viewer is left out.
 * TensorBoard shows the first 100,000 points, and is measured with what it shows. Every page is
 * looked at from outside: screenshots, mouse and keys. Every turn has a time limit, and what it
 * measured is on disk when the next begins.
 */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Kept } from "./kept.mjs";
import { atlas, driftglass, tensorboard } from "./pages.mjs";
import { root, turn } from "./turn.mjs";

const python = process.env.DRIFTGLASS_PYTHON ?? join(root, ".venv/bin/python");
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    points: { type: "string", multiple: true },
    vectors: { type: "string" },
    peers: { type: "string" },
    atlas: { type: "string" },
    repeats: { type: "string", default: "3" },
    limit: { type: "string", default: "240" }, // seconds of a turn
    minutes: { type: "string", default: "60" }, // after which no turn begins
    work: { type: "string" },
    fresh: { type: "boolean", default: false },
    pictures: { type: "string" },
  },
});
const began = performance.now();
const spent = () => (performance.now() - began) / 60_000;
const counts = [...(options.points ?? []), ...positionals].map(Number);
if (counts.length === 0) counts.push(70_000, 1_000_000);
const work = options.work ?? mkdtempSync(join(tmpdir(), "driftglass-peers-"));
for (const folder of [work, options.pictures ?? work]) mkdirSync(folder, { recursive: true });
const kept = new Kept(Kept.at(work), options.fresh);

/** The files of so many points, made once. */
function dataOf(points, given) {
  const folder = join(work, `${given ? "given" : "planted"}-${points}`);
  if (existsSync(folder)) return folder;
  console.log(`making ${points} points …`);
  const making = `${folder}.part`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making);
  const args = ["-m", "benchmarks.viewer_data", making, String(points)];
  execFileSync(python, [...args, ...(given ? [options.vectors] : [])], { cwd: root });
  renameSync(making, folder);
  return folder;
}

const viewers = [driftglass(python, "fresh"), driftglass(python, "kept")];
if (options.peers) viewers.push(tensorboard(options.peers));
if (options.atlas) viewers.push(atlas(options.atlas));

// Every viewer has had its first turn before any has its second, however early this ends.
const turns = Array.from({ length: Number(options.repeats) }, (_, repeat) =>
  counts.flatMap((points) => viewers.map((viewer) => ({ repeat, points, viewer }))),
).flat();
for (const { repeat, points, viewer } of turns) {
  const before = kept.of(viewer, points);
  if (before.length > repeat) continue;
  // What showed nothing the first time is not waited for again.
  if (before.length > 0 && before.every((one) => one.first_picture_seconds === undefined)) continue;
  if (spent() > Number(options.minutes)) {
    console.log(`${options.minutes} minutes are over; the same command with --work goes on.`);
    break;
  }
  const given = options.vectors !== undefined && points <= 70_000;
  const folder = dataOf(points, given);
  const name = `${viewer.name}-${points}.png`.replaceAll(/[ ,]+/g, "-");
  const picture = options.pictures && join(options.pictures, name);
  const figures = await turn(viewer, folder, { limit: Number(options.limit), picture });
  kept.add(viewer, points, given ? "given" : "planted", figures);
  console.log(`${spent().toFixed(1)} min`, JSON.stringify(kept.turns.at(-1)));
}

const figures = counts.flatMap((points) =>
  viewers.map((viewer) => kept.summary(viewer, points)).filter((line) => line !== null),
);
for (const line of figures) console.log(JSON.stringify(line));
console.log(kept.record(python, figures));
if (options.work === undefined) rmSync(work, { recursive: true, force: true });
