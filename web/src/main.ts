import { followAddress, start } from "./app.js";
import { HttpTransport } from "./data/http.js";
import "./views/page.css";
import "./views/theme.css";

const target = document.getElementById("app");
if (target !== null) {
  const app = start(target, new HttpTransport(), location.hash);
  followAddress(app, window);
  app.viewer.state.run.subscribe((run) => {
    document.title = run === null ? "driftglass" : `${run.name} · driftglass`;
  });
  // For the console and the browser tests: document.getElementById("app").driftglass
  Object.assign(target, { driftglass: app });
}
