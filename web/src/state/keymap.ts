/** What the keyboard can do. The help page and the key handler both read this list. */

export type Command =
  | "help"
  | "planar"
  | "spatial"
  | "play"
  | "previous"
  | "next"
  | "back-ten"
  | "forward-ten"
  | "first"
  | "last"
  | "pan"
  | "lasso"
  | "rectangle"
  | "brush"
  | "front"
  | "invert"
  | "isolate"
  | "show-all"
  | "frame"
  | "reset"
  | "zoom-in"
  | "zoom-out"
  | "trust"
  | "trails"
  | "lanes"
  | "torn"
  | "density"
  | "edges"
  | "names"
  | "layers"
  | "images"
  | "theme"
  | "maps"
  | "find"
  | "saved"
  | "inspector"
  | "neighbors"
  | "arrows"
  | "mark"
  | "drawer"
  | "compare"
  | "overlay"
  | "comparing"
  | "multiples"
  | "clear"
  | "undo"
  | "redo";

export interface Binding {
  command: Command;
  /** As `KeyboardEvent.key` says it, letters in lower case; modifiers in front. */
  keys: readonly string[];
  /** What the help page prints on the key caps. */
  caps: string;
  does: string;
  group: "Training" | "View" | "Selection" | "Viewer";
}

export const KEYMAP: readonly Binding[] = [
  {
    command: "play",
    keys: [" "],
    caps: "Space",
    does: "Play or pause training",
    group: "Training",
  },
  {
    command: "previous",
    keys: ["arrowleft"],
    caps: "←",
    does: "Previous snapshot",
    group: "Training",
  },
  { command: "next", keys: ["arrowright"], caps: "→", does: "Next snapshot", group: "Training" },
  {
    command: "back-ten",
    keys: ["shift+arrowleft"],
    caps: "Shift ←",
    does: "Ten snapshots back",
    group: "Training",
  },
  {
    command: "forward-ten",
    keys: ["shift+arrowright"],
    caps: "Shift →",
    does: "Ten snapshots on",
    group: "Training",
  },
  { command: "first", keys: ["home"], caps: "Home", does: "First snapshot", group: "Training" },
  {
    command: "last",
    keys: ["end"],
    caps: "End",
    does: "Last snapshot, and follow the run",
    group: "Training",
  },
  { command: "trails", keys: ["t"], caps: "T", does: "Trails of the selection", group: "Training" },
  {
    command: "mark",
    keys: ["x"],
    caps: "X",
    does: "Compare with this step, or no longer",
    group: "Training",
  },
  {
    command: "lanes",
    keys: ["y"],
    caps: "Y",
    does: "Show or hide the tracks of the run",
    group: "Training",
  },
  { command: "planar", keys: ["2"], caps: "2", does: "The fit in two dimensions", group: "View" },
  {
    command: "spatial",
    keys: ["3"],
    caps: "3",
    does: "The fit in three dimensions",
    group: "View",
  },
  { command: "frame", keys: ["f"], caps: "F", does: "Frame the selection", group: "View" },
  { command: "reset", keys: ["0"], caps: "0", does: "Reset the view", group: "View" },
  { command: "zoom-in", keys: ["+", "="], caps: "+", does: "Closer", group: "View" },
  { command: "zoom-out", keys: ["-"], caps: "−", does: "Farther", group: "View" },
  { command: "trust", keys: ["u"], caps: "U", does: "Fade what is unreliable", group: "View" },
  { command: "images", keys: ["s"], caps: "S", does: "Images in the place of dots", group: "View" },
  { command: "neighbors", keys: ["n"], caps: "N", does: "Lines to neighbours", group: "View" },
  { command: "arrows", keys: ["w"], caps: "W", does: "Arrows of features", group: "View" },
  {
    command: "torn",
    keys: ["e"],
    caps: "E",
    does: "Lines to torn neighbours, rings on false ones",
    group: "View",
  },
  {
    command: "density",
    keys: ["d"],
    caps: "D",
    does: "Crowds as a soft picture, as lines, or not",
    group: "View",
  },
  {
    command: "edges",
    keys: ["."],
    caps: ".",
    does: "Lines of the neighbour graph: selection, all, none",
    group: "View",
  },
  { command: "names", keys: [","], caps: ",", does: "Names on the map", group: "View" },
  { command: "compare", keys: ["c"], caps: "C", does: "A map beside this one", group: "View" },
  { command: "overlay", keys: ["z"], caps: "Z", does: "Lay map B over map A", group: "View" },
  { command: "multiples", keys: ["j"], caps: "J", does: "All kept maps, small", group: "View" },
  { command: "pan", keys: ["v"], caps: "V", does: "Move the view", group: "Selection" },
  { command: "lasso", keys: ["l"], caps: "L", does: "Lasso", group: "Selection" },
  { command: "rectangle", keys: ["r"], caps: "R", does: "Rectangle", group: "Selection" },
  { command: "brush", keys: ["b"], caps: "B", does: "Brush", group: "Selection" },
  {
    command: "front",
    keys: ["o"],
    caps: "O",
    does: "In 3D, catch only what nothing hides",
    group: "Selection",
  },
  { command: "invert", keys: ["i"], caps: "I", does: "Invert", group: "Selection" },
  {
    command: "isolate",
    keys: ["h"],
    caps: "H",
    does: "Hide all but the selection, and back",
    group: "Selection",
  },
  {
    command: "show-all",
    keys: ["a"],
    caps: "A",
    does: "Show everything hidden",
    group: "Selection",
  },
  { command: "clear", keys: ["escape"], caps: "Esc", does: "Clear", group: "Selection" },
  { command: "undo", keys: ["ctrl+z"], caps: "Ctrl Z", does: "Undo", group: "Selection" },
  {
    command: "redo",
    keys: ["ctrl+shift+z", "ctrl+y"],
    caps: "Ctrl Shift Z",
    does: "Redo",
    group: "Selection",
  },
  { command: "maps", keys: ["p"], caps: "P", does: "Make or choose a map", group: "Viewer" },
  { command: "find", keys: ["/"], caps: "/", does: "Search and filter", group: "Viewer" },
  { command: "saved", keys: ["k"], caps: "K", does: "Saved selections", group: "Viewer" },
  { command: "layers", keys: [";"], caps: ";", does: "Layers of the map", group: "Viewer" },
  {
    command: "inspector",
    keys: ["]"],
    caps: "]",
    does: "Show or hide the inspector",
    group: "Viewer",
  },
  { command: "drawer", keys: ["g"], caps: "G", does: "Table and gallery", group: "Viewer" },
  { command: "comparing", keys: ["q"], caps: "Q", does: "Comparing: panel", group: "Viewer" },
  { command: "theme", keys: ["m"], caps: "M", does: "Dark or light", group: "Viewer" },
  { command: "help", keys: ["?"], caps: "?", does: "This page", group: "Viewer" },
];

/** What held keys do while the pointer works; said on the help page, handled where they act. */
export const POINTER_HELP: readonly { caps: string; does: string }[] = [
  { caps: "Click", does: "Select a point" },
  { caps: "Shift", does: "Add to the selection" },
  { caps: "Alt", does: "Take from the selection" },
  { caps: "Drag", does: "Move the view; in 3D, turn it" },
  { caps: "Right drag", does: "In 3D, move the view" },
  { caps: "Alt wheel", does: "Size of the brush" },
  { caps: "Wheel", does: "Zoom to the pointer" },
];

/** The command that a key press means, or null. */
export function commandOf(event: {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
}): Command | null {
  if (event.altKey) return null;
  const key = event.key.toLowerCase();
  // "?" is Shift and another key on most keyboards; the character already says so.
  const shift = event.shiftKey && (key.length > 1 || event.ctrlKey || event.metaKey);
  const pressed = [event.ctrlKey || event.metaKey ? "ctrl+" : "", shift ? "shift+" : "", key].join(
    "",
  );
  return KEYMAP.find((binding) => binding.keys.includes(pressed))?.command ?? null;
}
