import { followAddress, start } from "./app.js";
import { embeddedIn, EmbeddedTransport } from "./data/embedded.js";
import { joinLink } from "./notebook/link.js";
import "./views/page.css";
import "./views/theme.css";

const target = document.getElementById("app");
if (target !== null) {
  const embedded = embeddedIn(document);
  // A frame in an exported notebook has no address of its own to follow.
  const alone = window.parent === window;
  const hash = location.hash || (embedded.view?.address ?? "");
  const app = start(
    target,
    new EmbeddedTransport(embedded),
    hash,
    alone ? {} : { host: document.documentElement },
  );
  if (alone) followAddress(app, window);
  for (const spec of embedded.view?.links ?? []) joinLink(app, spec);
  // For the console and the browser tests: document.getElementById("app").driftglass
  Object.assign(target, { driftglass: app });
}
