/** Which lines of a very long list are on screen. */
export interface ListWindow {
  /** First line to draw and the one after the last. */
  start: number;
  stop: number;
  /** Height of the whole list in pixels, never more than a browser can lay out. */
  height: number;
  /** Where the first line drawn begins, from the top of the list. */
  offset: number;
}

/** Browsers cut elements off above some ten million pixels; a longer list scrolls in proportion. */
export const TALLEST = 8_000_000;
const SPARE = 6;

/** Lines of a list of `count` that a view of `view` pixels shows when scrolled by `scroll`. */
export function listWindow(
  count: number,
  line: number,
  view: number,
  scroll: number,
  tallest = TALLEST,
): ListWindow {
  const full = count * line;
  const height = Math.min(full, tallest);
  const room = Math.max(0, height - view);
  const at = Math.min(Math.max(scroll, 0), room);
  // How far the top of the view is into the full list.
  const into = room > 0 ? (at / room) * Math.max(0, full - view) : 0;
  const first = Math.floor(into / line);
  const start = Math.max(0, first - SPARE);
  const stop = Math.min(count, first + Math.ceil(view / line) + 1 + SPARE);
  return { start, stop, height, offset: at - (into - start * line) };
}

/** How far to scroll so that a line is on screen; the present scroll where it is already. */
export function scrollTo(
  index: number,
  count: number,
  line: number,
  view: number,
  scroll: number,
  tallest = TALLEST,
): number {
  const full = count * line;
  const height = Math.min(full, tallest);
  const room = Math.max(0, height - view);
  const hidden = Math.max(0, full - view);
  if (room === 0) return 0;
  const into = (Math.min(Math.max(scroll, 0), room) / room) * hidden;
  const wanted = index * line < into ? index * line : Math.max(into, (index + 1) * line - view);
  return wanted === into ? scroll : (wanted / hidden) * room;
}
