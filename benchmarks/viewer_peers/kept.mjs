/** What was measured so far, on disk after every turn, so that an interrupted run goes on. */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { median, round } from "./measures.mjs";
import { root } from "./turn.mjs";

export class Kept {
  /** Turns that are done, in order. */
  turns = [];

  constructor(path, fresh) {
    this.path = path;
    if (fresh) rmSync(path, { force: true });
    if (existsSync(path)) this.turns = JSON.parse(readFileSync(path, "utf8"));
  }

  of(viewer, points) {
    return this.turns.filter((turn) => turn.viewer === viewer.name && turn.points === points);
  }

  add(viewer, points, data, figures) {
    this.turns.push({ viewer: viewer.name, from: viewer.from, points, data, ...figures });
    writeFileSync(this.path, `${JSON.stringify(this.turns, null, 1)}\n`);
  }

  /** The medians of a viewer's turns; what was missing in any of them is said. */
  summary(viewer, points) {
    const turns = this.of(viewer, points);
    if (turns.length === 0) return null;
    const { from, data } = turns[0];
    const measured = turns.map(({ missing: _, ...turn }) => turn);
    const missing = Object.assign({}, ...turns.map((turn) => turn.missing));
    return {
      ...{ viewer: viewer.name, from, points, data, turns: turns.length },
      ...middle(measured.map(({ viewer: _v, from: _f, points: _p, data: _d, ...rest }) => rest)),
      ...(Object.keys(missing).length > 0 ? { missing } : {}),
    };
  }

  /** Writes the result with machine and commit. */
  record(python, figures) {
    const keep =
      "import json, sys; from benchmarks import record; " +
      "print(record.write('viewer-peers', json.load(sys.stdin)))";
    const input = JSON.stringify(figures);
    return String(execFileSync(python, ["-c", keep], { cwd: root, input })).trim();
  }

  static at(folder) {
    return join(folder, "turns.json");
  }
}

/** Medians of the figures of several turns, each of those turns that have it. */
function middle(turns) {
  const result = {};
  for (const name of new Set(turns.flatMap((turn) => Object.keys(turn)))) {
    const values = turns.map((turn) => turn[name]).filter((value) => value != null);
    if (values.length === 0) continue;
    if (typeof values[0] === "string") result[name] = values[0];
    else if (typeof values[0] === "object") result[name] = middle(values);
    else result[name] = round(median(values));
  }
  return result;
}
