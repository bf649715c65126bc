"use strict";
// Draws what /plots/_player.py packed: places as 16-bit numbers between the limits of each panel,
// 65535 where a point is not there. Knows no network and no kernel.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const NONE = 65535;
  const FULL = 65534;
  const { steps, n_points: n, per_transition: parts } = data;
  const last = (steps.length - 1) * parts;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const panels = data.panels.map((panel) => ({
    ...panel,
    places: new Uint16Array(bytes(panel.places).buffer),
    turn: [0.6, 0.4],
  }));
  const codes = data.colors.codes ? new Uint16Array(bytes(data.colors.codes).buffer) : null;
  const matrices = data.confusion
    ? { ...data.confusion, counts: new Uint32Array(bytes(data.confusion.counts).buffer) }
    : null;
  const hidden = new Set();
  let moment = 0;
  let speed = 1;
  let playing = 0;

  byId("panels").style.setProperty("--columns", String(data.columns));
  const figure = (title, kind) => {
    const made = document.createElement("figure");
    const caption = document.createElement("figcaption");
    const canvas = document.createElement("canvas");
    caption.textContent = title; // as text: a label is never markup
    canvas.className = kind;
    canvas.setAttribute("role", "img");
    made.append(caption, canvas);
    byId("panels").append(made);
    return { caption, canvas };
  };
  for (const panel of panels) Object.assign(panel, figure(panel.title, "map"));
  if (matrices) Object.assign(matrices, figure("", "matrix"));
  const curves = data.curves.length ? figure(data.curves.map((c) => c.name).join(", "), "curves") : null;

  const theme = () => (dark.matches ? data.dark : data.light);
  const context = (canvas) => {
    const side = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, side, side);
    return [pen, side];
  };

  /** Place of a point on the canvas in [0, 1]², and its opacity; null where it is not there. */
  const placeOf = (panel, point, frame, share) => {
    const { places, n_components: width } = panel;
    const at = (t) => (t * n + point) * width;
    const here = at(frame);
    const there = share > 0 ? at(frame + 1) : here;
    const known = places[here] !== NONE;
    const still = places[there] !== NONE;
    if (!known && !still) return null;
    const value = (axis) => {
      const a = places[(known ? here : there) + axis];
      const b = places[(still ? there : here) + axis];
      return (a + share * (b - a)) / FULL;
    };
    const opacity = known && still ? 1 : known ? 1 - share : share;
    if (width === 2) return [value(0), 1 - value(1), opacity];
    const [x, y, z] = [value(0) - 0.5, value(1) - 0.5, value(2) - 0.5];
    const [a, b] = panel.turn;
    const across = x * Math.cos(a) + z * Math.sin(a);
    const deep = z * Math.cos(a) - x * Math.sin(a);
    const up = y * Math.cos(b) - deep * Math.sin(b);
    return [0.5 + across * 0.62, 0.5 - up * 0.62, opacity];
  };

  const draw = (panel, frame, share) => {
    const [pen, side] = context(panel.canvas);
    const radius = Math.max(1, data.radius * side);
    const round = n * panels.length <= 20000;
    for (let point = 0; point < n; point++) {
      const code = codes ? codes[point] : 0;
      if (hidden.has(code)) continue;
      const place = placeOf(panel, point, frame, share);
      if (!place) continue;
      pen.globalAlpha = data.alpha * place[2];
      pen.fillStyle = theme().colors[code];
      const [x, y] = [place[0] * side, place[1] * side];
      if (round) {
        pen.beginPath();
        pen.arc(x, y, radius, 0, 7);
        pen.fill();
      } else pen.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
    }
  };

  const drawMatrix = (frame) => {
    const k = matrices.nearest[frame];
    const c = matrices.classes.length;
    const [pen, side] = context(matrices.canvas);
    const margin = Math.round(side * 0.12);
    const cell = (side - margin) / c;
    const size = Math.max(6, Math.min(cell * 0.4, 13 * devicePixelRatio));
    let [right, all] = [0, 0];
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (let i = 0; i < c; i++) {
      for (let j = 0; j < c; j++) {
        const count = matrices.counts[(k * c + i) * c + j];
        const strength = Math.sqrt(count / Math.max(1, matrices.largest));
        all += count;
        if (i === j) right += count;
        pen.globalAlpha = strength;
        pen.fillStyle = theme().strong;
        pen.fillRect(margin + j * cell, i * cell, cell, cell);
        pen.globalAlpha = 1;
        if (!matrices.annotate || count === 0) continue;
        pen.font = `${size}px system-ui, sans-serif`;
        pen.fillStyle = strength > 0.6 ? theme().canvas : theme().text;
        pen.fillText(String(count), margin + (j + 0.5) * cell, (i + 0.5) * cell);
      }
    }
    const every = Math.ceil((c * 14 * devicePixelRatio) / (side - margin));
    pen.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    pen.fillStyle = theme().secondary;
    for (let i = 0; i < c; i += every) {
      const name = String(matrices.classes[i]);
      const short = name.length > 6 ? `${name.slice(0, 5)}…` : name;
      pen.fillText(short, margin / 2, (i + 0.5) * cell, margin * 0.95);
      pen.fillText(short, margin + (i + 0.5) * cell, side - margin / 2, cell * every);
    }
    const share = all ? Math.round((100 * right) / all) : 0;
    const said = `predictions of step ${matrices.steps[k].toLocaleString("en")}, ${share}% right`;
    matrices.caption.textContent = said;
    matrices.canvas.setAttribute("aria-label", `Confusion matrix: ${said}`);
  };

  /** Values of tracks over the steps, evenly spaced as the slider is, and a line at the moment. */
  const drawCurves = () => {
    const [pen, side] = context(curves.canvas);
    const margin = side * 0.06;
    const values = data.curves.flatMap((curve) => curve.values);
    const [low, high] = [Math.min(0, ...values), Math.max(...values)];
    const across = (t) => margin + (t / Math.max(1, steps.length - 1)) * (side - 2 * margin);
    const up = (value) => side - margin - ((value - low) / (high - low || 1)) * (side - 2 * margin);
    data.curves.forEach((curve, number) => {
      pen.strokeStyle = theme().lines[number % theme().lines.length];
      pen.lineWidth = 1.6 * devicePixelRatio;
      pen.beginPath();
      curve.steps.forEach((step, k) => {
        const t = steps.indexOf(step);
        if (t >= 0) pen.lineTo(across(t), up(curve.values[k]));
      });
      pen.stroke();
    });
    pen.strokeStyle = theme().text;
    pen.lineWidth = devicePixelRatio;
    pen.beginPath();
    pen.moveTo(across(moment / parts), margin);
    pen.lineTo(across(moment / parts), side - margin);
    pen.stroke();
    curves.canvas.setAttribute("aria-label", `Curves: ${curves.caption.textContent}`);
  };

  const show = () => {
    const frame = Math.floor(moment / parts);
    const share = (moment % parts) / parts;
    const between = share > 0;
    const step = (t) => steps[t].toLocaleString("en");
    const said = between ? `step ${step(frame)} → ${step(frame + 1)}` : `step ${step(frame)}`;
    byId("said").textContent = said;
    byId("mark").hidden = !between;
    byId("player").classList.toggle("between", between);
    byId("player").dataset.moment = String(moment);
    byId("player").dataset.interpolated = String(between);
    byId("time").value = String(moment);
    byId("time").setAttribute("aria-valuetext", between ? `${said}, interpolated` : said);
    for (const panel of panels) {
      draw(panel, frame, share);
      panel.canvas.setAttribute("aria-label", `${panel.title}: map at ${said}`);
    }
    if (curves) drawCurves();
    if (matrices) drawMatrix(share > 0.5 ? frame + 1 : frame);
  };
  const goTo = (wanted) => {
    moment = Math.max(0, Math.min(last, wanted));
    show();
  };
  const stop = () => {
    clearTimeout(playing);
    playing = 0;
    byId("play").textContent = "▶";
    byId("play").setAttribute("aria-label", "Play");
    byId("live").textContent = byId("time").getAttribute("aria-valuetext");
  };
  const next = () => {
    const stride = calm.matches ? parts - (moment % parts) : 1;
    if (moment >= last) return stop();
    goTo(moment + stride);
    playing = setTimeout(next, (1000 * data.seconds * stride) / parts / speed);
  };
  const toggle = () => {
    if (playing) return stop();
    if (moment >= last) goTo(0);
    byId("play").textContent = "⏸";
    byId("play").setAttribute("aria-label", "Pause");
    playing = setTimeout(next, (1000 * data.seconds) / parts / speed);
  };

  byId("time").max = String(last);
  byId("time").addEventListener("input", (event) => goTo(Number(event.target.value)));
  byId("play").addEventListener("click", toggle);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onButton = event.target instanceof HTMLButtonElement;
    const back = Math.ceil(moment / parts) - 1;
    const forth = Math.floor(moment / parts) + 1;
    const keys = {
      ArrowLeft: () => goTo(event.shiftKey ? moment - 1 : back * parts),
      ArrowRight: () => goTo(event.shiftKey ? moment + 1 : forth * parts),
      Home: () => goTo(0),
      End: () => goTo(last),
      "+": () => (speed = Math.min(16, speed * 2)),
      "-": () => (speed = Math.max(1 / 16, speed / 2)),
    };
    if (event.key === " " && !onButton) toggle();
    else if (keys[event.key]) keys[event.key]();
    else return;
    event.preventDefault();
  });
  for (const panel of panels) {
    if (panel.n_components !== 3) continue;
    panel.canvas.addEventListener("pointermove", (event) => {
      if (!event.buttons) return;
      panel.turn[0] += event.movementX / 120;
      panel.turn[1] = Math.max(-1.5, Math.min(1.5, panel.turn[1] + event.movementY / 120));
      show();
    });
  }
  (data.colors.names ?? []).forEach((name, code) => {
    const button = document.createElement("button");
    const dot = document.createElement("i");
    const paint = () => (dot.style.background = theme().colors[code]);
    paint();
    dark.addEventListener("change", paint);
    button.type = "button";
    button.setAttribute("aria-pressed", "true");
    button.append(dot, name); // a string becomes text
    button.addEventListener("click", () => {
      hidden.has(code) ? hidden.delete(code) : hidden.add(code);
      button.setAttribute("aria-pressed", String(!hidden.has(code)));
      show();
    });
    byId("legend").append(button);
  });
  if (data.colors.note) {
    const note = document.createElement("span");
    note.textContent = data.colors.note;
    byId("legend").append(note);
  }
  dark.addEventListener("change", show);
  new ResizeObserver(show).observe(byId("panels"));
  show();
})();
