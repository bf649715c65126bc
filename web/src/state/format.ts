/** Numbers and dates as the viewer writes them. One place, so that they agree everywhere. */

const WHOLE = new Intl.NumberFormat("en-US");
const BIG = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });

/** 1,797 */
export function count(n: number): string {
  return WHOLE.format(n);
}

/** 1.2 M, 262 k, 1,797: short enough for a status line. */
export function shortCount(n: number): string {
  if (n >= 1e9) return `${BIG.format(n / 1e9)} B`;
  if (n >= 1e6) return `${BIG.format(n / 1e6)} M`;
  if (n >= 1e5) return `${BIG.format(n / 1e3)} k`;
  return WHOLE.format(n);
}

/** "1 point", "312 points". */
export function counted(n: number, noun: string, plural = `${noun}s`): string {
  return `${count(n)} ${n === 1 ? noun : plural}`;
}

/** 0.317, 1.2e-7, 41,200: four significant digits, no noise. */
export function measured(x: number | null | undefined): string {
  if (x === null || x === undefined || Number.isNaN(x)) return "–";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size >= 1e7 || size < 1e-4) return x.toExponential(2).replace("-", "−").replace("e+", "e");
  const text = size >= 1e4 ? WHOLE.format(Math.round(x)) : String(Number(x.toPrecision(4)));
  return text.replace("-", "−");
}

/** A score between 0 and 1 with two decimals; a dash when it was not measured. */
export function score(x: number | null | undefined): string {
  return x === null || x === undefined || !Number.isFinite(x) ? "–" : x.toFixed(2);
}

/** 41 %, < 1 %. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return "–";
  const value = (100 * part) / whole;
  if (value > 0 && value < 1) return "< 1 %";
  return `${value > 99 && value < 100 ? 99 : Math.round(value)} %`;
}

/** 2026-11-21, with the time when it is not midnight. */
export function date(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  const text = new Date(ms).toISOString();
  return text.endsWith("T00:00:00.000Z") ? text.slice(0, 10) : text.slice(0, 16).replace("T", " ");
}

/** 12 MB */
export function bytes(n: number): string {
  if (n < 1e3) return `${n} B`;
  const units = ["kB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(n) / 3), units.length);
  return `${BIG.format(n / 10 ** (3 * power))} ${units[power - 1]}`;
}

/** about 40 s, about 3 min: an estimate, so never more exact than it is. */
export function duration(seconds: number): string {
  if (seconds < 1) return "under 1 s";
  if (seconds < 90) return `about ${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min`;
  return `about ${(seconds / 3600).toFixed(1)} h`;
}

/** Any metadata value as text. */
export function valueText(value: unknown, kind?: string): string {
  if (value === null || value === undefined) return "missing";
  if (kind === "date") return date(typeof value === "number" ? value : Date.parse(String(value)));
  if (typeof value === "number") return Number.isInteger(value) ? count(value) : measured(value);
  if (typeof value === "boolean") return value ? "true" : "false";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(labelText).join(", ");
  return String(value);
}

function labelText(label: unknown): string {
  if (typeof label === "object" && label !== null && "name" in label) {
    const { group, name } = label as { group?: unknown; name: unknown };
    return group === undefined ? String(name) : `${String(group)}: ${String(name)}`;
  }
  return valueText(label);
}
