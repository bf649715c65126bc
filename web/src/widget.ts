import { start, type App } from "./app.js";
import { KernelTransport } from "./data/kernel.js";
import { followHost } from "./notebook/host.js";
import { joinLink } from "./notebook/link.js";
import { channelOf, type Model } from "./notebook/model.js";
import { openingOf, shareTraits } from "./notebook/traits.js";
import { onChange } from "./state/signal.js";
import "./views/theme.css";

/** The style sheet as text; the build puts it here. */
declare const __DRIFTGLASS_STYLE__: string;

/** How long a kernel may take to answer before what the notebook's file holds is shown. */
const PATIENCE_MS = 4_000;

/** Shows one view of a widget; returns a function that ends it. */
function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const frame = document.createElement("div");
  // Lumino, which JupyterLab is made of, leaves keys alone that are pressed in what says this. It
  // has to be the very element that seems to have the focus: a parent is asked too late.
  frame.setAttribute("data-lm-suppress-shortcuts", "true");
  frame.className = "driftglass-widget";
  frame.style.cssText = "position:relative;width:100%;border-radius:8px;overflow:hidden";
  const root = frame.attachShadow({ mode: "open" });
  const style = document.createElement("style");
  style.textContent = `:host{all:initial;display:block}\n${__DRIFTGLASS_STYLE__}`;
  const target = document.createElement("div");
  target.style.cssText = "position:absolute;inset:0";
  root.append(style, target);
  el.append(frame);

  const stops: (() => void)[] = [];
  const sized = () => (frame.style.height = `${model.get("height")}px`);
  model.on("change:height", sized);
  stops.push(() => model.off("change:height", sized));
  sized();

  const transport = new KernelTransport(channelOf(model));
  const still = showStill(target, model);
  const impatient = setTimeout(() => still.settle(), PATIENCE_MS);
  stops.push(
    () => clearTimeout(impatient),
    still.remove,
    () => transport.close(),
  );
  let closed = false;
  void transport.welcome.then(() => {
    clearTimeout(impatient);
    still.remove();
    if (closed) return;
    const app = start(target, transport, openingOf(model), { host: frame });
    // For the console and the browser tests.
    Object.assign(frame, { driftglass: app });
    stops.push(...live(app, model), () => app.close());
  });
  return () => {
    closed = true;
    for (const stop of stops.splice(0)) stop();
    frame.remove();
  };
}

/** Ties a running view to its notebook. */
function live(app: App, model: Model): (() => void)[] {
  const { viewer } = app;
  const { state } = viewer;
  const stops = [shareTraits(app, model), followHost((theme) => state.systemTheme.set(theme))];
  // Python may have selected something before this view was open.
  let asked = false;
  const ask = () => {
    const run = state.run.value;
    if (asked || run === null) return;
    asked = true;
    void viewer.saved.hear({ type: "selected", run: run.name, version: 0 });
  };
  stops.push(onChange([state.run], ask));

  // A map that Python has named is made where it is not there; others are offered.
  let wanted = model.get("_map") !== "";
  const make = () => {
    if (!wanted || state.status.value.kind !== "absent") return;
    wanted = false;
    void viewer.session.projections.project(state.fit.value);
  };
  stops.push(onChange([state.status], make));

  let links: (() => void)[] = [];
  const relink = () => {
    for (const stop of links) stop();
    links = model.get("_links").map((spec) => joinLink(app, spec));
  };
  model.on("change:_links", relink);
  stops.push(
    () => model.off("change:_links", relink),
    () => links.forEach((stop) => stop()),
  );
  relink();
  return stops;
}

/** What is shown until a kernel answers: the picture, and where none ever does the kept page. */
function showStill(target: HTMLElement, model: Model): { settle(): void; remove(): void } {
  const box = document.createElement("div");
  box.style.cssText = "position:absolute;inset:0;background:#0f1216;color:#9ba6b4";
  let url: string | null = null;
  const draw = () => {
    const picture = model.get("_picture");
    if (!picture || picture.byteLength === 0 || url !== null) return;
    const bytes = new Uint8Array(picture.buffer, picture.byteOffset, picture.byteLength);
    url = URL.createObjectURL(new Blob([bytes as BlobPart], { type: "image/png" }));
    const image = document.createElement("img");
    image.src = url;
    image.alt = `Map of ${model.get("run") ?? "a run"}`;
    image.style.cssText = "width:100%;height:100%;object-fit:contain";
    box.prepend(image);
  };
  model.on("change:_picture", draw);
  draw();
  target.append(box);
  return {
    settle() {
      const page = model.get("_page");
      if (page) {
        const view = document.createElement("iframe");
        view.title = "driftglass";
        view.setAttribute("sandbox", "allow-scripts");
        view.srcdoc = page;
        view.style.cssText = "width:100%;height:100%;border:0";
        box.replaceChildren(view);
        return;
      }
      const note = document.createElement("p");
      note.textContent = "Waiting for the kernel. Run this cell to see the viewer.";
      note.style.cssText = "position:absolute;left:12px;bottom:0;font:12px/20px sans-serif";
      box.append(note);
    },
    remove() {
      model.off("change:_picture", draw);
      if (url !== null) URL.revokeObjectURL(url);
      box.remove();
    },
  };
}

export default { render };
