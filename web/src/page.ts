import { followAddress, start } from "./app.js";
import { embeddedIn, EmbeddedTransport } from "./data/embedded.js";
import "./views/page.css";
import "./views/theme.css";

const target = document.getElementById("app");
if (target !== null) {
  const app = start(target, new EmbeddedTransport(embeddedIn(document)), location.hash);
  followAddress(app, window);
  // For the console and the browser tests: document.getElementById("app").driftglass
  Object.assign(target, { driftglass: app });
}
