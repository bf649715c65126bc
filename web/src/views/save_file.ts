import type { TakenFile } from "../state/taking.js";

/** How long the browser may take to begin with a file. */
const KEPT_MS = 60_000;

/** Has the browser save a file. */
export function saveFile({ name, blob }: Pick<TakenFile, "name" | "blob">): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
