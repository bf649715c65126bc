import type { Theme } from "../state/viewer_state.js";

/** What notebooks say about their look, each in its own way. */
const SIGNS: readonly (readonly [selector: string, theme: Theme])[] = [
  ['body[data-jp-theme-light="true"]', "light"],
  ['body[data-jp-theme-light="false"]', "dark"],
  ["body.vscode-dark", "dark"],
  ["body.vscode-high-contrast:not(.vscode-high-contrast-light)", "dark"],
  ["body.vscode-light", "light"],
  ["html[theme=dark]", "dark"],
  ["html[theme=light]", "light"],
  ["body.dark, html.dark, .dark-theme", "dark"],
  ["body.light, html.light, .light-theme", "light"],
];

/** The theme of the notebook around the widget; null where it does not say. */
export function hostTheme(page: Document = document): Theme | null {
  return SIGNS.find(([selector]) => page.querySelector(selector) !== null)?.[1] ?? null;
}

/** Calls back now and whenever the notebook changes its look; returns a function that stops. */
export function followHost(listener: (theme: Theme) => void): () => void {
  const read = () => {
    const theme = hostTheme();
    if (theme !== null) listener(theme);
  };
  const observer = new MutationObserver(read);
  const options = { attributes: true, attributeFilter: ["class", "theme", "data-jp-theme-light"] };
  observer.observe(document.documentElement, options);
  observer.observe(document.body, options);
  read();
  return () => observer.disconnect();
}
