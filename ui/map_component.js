// The maps of Inspect in the browser: two linked maps, or one that goes from before to after.
// Selecting marks the same texts everywhere at once; Python hears which texts are selected.
// What follows is put behind ui/plotly_library.js.

const SYMBOLS = ["circle", "diamond", "square"];
const PANELS = [
  { x: "x", y: "y", domain: [0, 0.49] },
  { x: "x2", y: "y2", domain: [0.51, 1] },
];
const PLAY_MS = 2400;
// How long Streamlit's page takes to send what it is told: some 8 ms.
const TELLING_MS = 30;

function theme(host) {
  const style = getComputedStyle(host);
  const value = (name) => style.getPropertyValue(name).trim();
  const list = (name) => value(name).split(",").map((colour) => colour.trim());
  return {
    groups: list("--st-chart-categorical-colors"),
    scale: list("--st-chart-sequential-colors"),
    text: value("--st-text-color"),
    lines: value("--st-border-color"),
    primary: value("--st-primary-color"),
    background: value("--st-background-color"),
    font: value("--st-font"),
  };
}

function floats(text) {
  const raw = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Float32Array(raw.buffer);
}

function pick(values, items) {
  const found = new values.constructor(items.length);
  items.forEach((item, at) => (found[at] = values[item]));
  return found;
}

function parse(text) {
  const picture = JSON.parse(text);
  picture.places = picture.places.map((place) => ({ x: floats(place.x), y: floats(place.y) }));
  picture.count = picture.hover.length;
  if (picture.colour.values) picture.colour.values = floats(picture.colour.values);
  return picture;
}

// Where texts lie: in one of the two maps, or at `share` of the way from the first to the second.
function places(picture, panel, share, items) {
  const [before, after] = picture.places;
  if (!picture.morph) {
    const place = picture.places[panel];
    return { x: pick(place.x, items), y: pick(place.y, items) };
  }
  const x = new Float32Array(items.length);
  const y = new Float32Array(items.length);
  items.forEach((item, at) => {
    x[at] = before.x[item] * (1 - share) + after.x[item] * share;
    y[at] = before.y[item] * (1 - share) + after.y[item] * share;
  });
  return { x, y };
}

// What is drawn: each piece is a trace and the texts that it consists of.
function pieces(view, colours) {
  const { picture } = view;
  const size = [1000, 5000, 20000].reduce((now, many) => now - (picture.count > many ? 1 : 0), 6);
  const found = [];
  const panels = picture.morph ? [0] : [0, 1];
  for (const panel of panels) {
    const axes = { xaxis: PANELS[panel].x, yaxis: PANELS[panel].y };
    const add = (items, trace, more = {}) =>
      found.push({ items, panel, selectable: false, trace: { ...axes, ...trace }, ...more });
    points(picture, colours, size, panel, add);
    examples(picture, colours, panel, add);
    if (view.marked.length) {
      add(view.marked, {
        type: "scattergl",
        mode: "markers",
        marker: {
          color: "rgba(0,0,0,0)",
          size: 13,
          line: { color: colours.primary, width: 2.5 },
        },
        name: picture.words.found,
        legendgroup: "found",
        showlegend: panel === 0,
        hoverinfo: "skip",
      });
    }
  }
  return found;
}

function points(picture, colours, size, panel, add) {
  const base = {
    type: "scattergl",
    mode: "markers",
    hovertemplate: "%{text}<extra></extra>",
    selected: { marker: { opacity: 1, size: size + 3 } },
    unselected: { marker: { opacity: 0.1 } },
  };
  const opacity = picture.count > 5000 ? 0.5 : 0.7;
  const { colour } = picture;
  if (colour.kind === "scale") {
    const items = [...Array(picture.count).keys()];
    const marker = {
      size,
      opacity: 0.85,
      color: colour.values,
      colorscale: colours.scale.map((tone, at) => [at / (colours.scale.length - 1), tone]),
      cmin: colour.low,
      cmax: colour.high,
      showscale: panel === 0,
      colorbar: { title: { text: colour.title, side: "right" }, thickness: 12, len: 0.9 },
    };
    add(items, { ...base, marker, showlegend: false }, { selectable: true });
    return;
  }
  colour.groups.forEach((group, number) => {
    // The first colour is a grey, which says that a point belongs to nothing.
    const [grey, ...bright] = colours.groups;
    const tone = group.muted ? grey : bright[number % bright.length];
    const marker = {
      size,
      opacity: group.muted ? 0.4 : opacity,
      color: tone,
      symbol: SYMBOLS[Math.floor(number / bright.length) % SYMBOLS.length],
    };
    const legend = { name: group.name, legendgroup: `g${number}`, showlegend: panel === 0 };
    add(group.items, { ...base, ...legend, marker }, { selectable: true });
  });
}

function examples(picture, colours, panel, add) {
  picture.examples.forEach((group, number) => {
    // From the fourth on the theme's colours stand for no model that is on the map.
    const tone = picture.plain ? colours.groups[3 + (number % 5)] : colours.text;
    const legend = { legendgroup: `e${number}`, showlegend: false };
    for (const right of group.right) {
      const line = { color: tone, width: 1.5, dash: "dot" };
      add([group.items[0], right], { ...legend, type: "scatter", mode: "lines", line, hoverinfo: "skip" });
    }
    add(
      group.items,
      {
        ...legend,
        type: "scattergl",
        mode: "markers",
        name: group.name,
        showlegend: picture.plain && panel === 0,
        hovertemplate: "%{text}<extra></extra>",
        marker: { color: tone, size: 11, symbol: group.symbols },
        selected: { marker: { opacity: 1 } },
        unselected: { marker: { opacity: 0.25 } },
      },
      { selectable: true, labels: group.labels }
    );
    add(
      group.items,
      {
        ...legend,
        type: "scatter",
        // Unseen markers keep the labels off the ones that are seen.
        mode: "markers+text",
        marker: { size: 11, opacity: 0 },
        text: group.labels.map((label) => `<b>${label}</b>`),
        textposition: group.sides,
        textfont: { color: tone, size: 13 },
        cliponaxis: false,
        hoverinfo: "skip",
      },
      { written: true }
    );
  });
}

function traces(view) {
  const { picture } = view;
  return view.pieces.map((piece) => {
    const trace = { ...piece.trace, ...places(picture, piece.panel, view.share, piece.items) };
    if (piece.selectable) {
      trace.customdata = piece.items;
      trace.text = piece.items.map((item, at) =>
        piece.labels ? `<b>${piece.labels[at]}</b> ${picture.hover[item]}` : picture.hover[item]
      );
      trace.selectedpoints = picked(view, piece);
    }
    return trace;
  });
}

// The places within a piece of the texts that are selected; null when none is anywhere.
function picked(view, piece) {
  if (!view.chosen.size) return null;
  const found = [];
  piece.items.forEach((item, at) => view.chosen.has(item) && found.push(at));
  return found;
}

function axis(colours, more) {
  return {
    zeroline: false,
    showticklabels: false,
    showgrid: false,
    ticks: "",
    showline: true,
    linecolor: colours.lines,
    mirror: true,
    ...more,
  };
}

function layout(view, colours) {
  const { picture } = view;
  const [left, right, bottom, top] = picture.range;
  const shared = picture.morph ? [] : [1];
  const made = {
    title: { text: picture.title, x: 0, xanchor: "left", font: { size: 15, weight: 600 } },
    height: picture.height,
    margin: { l: 12, r: 12, t: picture.morph ? 52 : 76, b: 12 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: colours.font, color: colours.text, size: 12 },
    hoverlabel: { align: "left", font: { family: colours.font } },
    hovermode: "closest",
    dragmode: "lasso",
    newselection: { line: { color: colours.text, width: 1, dash: "dot" } },
    legend: { orientation: "h", x: 0, y: -0.02, xanchor: "left", yanchor: "top", itemsizing: "constant" },
    modebar: {
      bgcolor: "rgba(0,0,0,0)",
      color: colours.text,
      activecolor: colours.primary,
      uirevision: "map",
    },
    uirevision: picture.frame,
    // What is selected is said in every drawing; Plotly is not to bring back what it remembers.
    selectionrevision: (view.drawings = (view.drawings ?? 0) + 1),
    xaxis: axis(colours, { range: [left, right], domain: picture.morph ? [0, 1] : PANELS[0].domain }),
    yaxis: axis(colours, { range: [bottom, top] }),
    annotations: picture.morph ? arrows(picture, colours) : headings(picture),
  };
  for (const panel of shared) {
    made.xaxis2 = axis(colours, { matches: "x", range: [left, right], domain: PANELS[panel].domain });
    made.yaxis2 = axis(colours, { matches: "y", range: [bottom, top], anchor: "x2" });
  }
  return made;
}

function headings(picture) {
  return picture.headings.map((text, panel) => ({
    text,
    x: (PANELS[panel].domain[0] + PANELS[panel].domain[1]) / 2,
    y: 1,
    xref: "paper",
    yref: "paper",
    xanchor: "center",
    yanchor: "bottom",
    yshift: 4,
    showarrow: false,
    font: { size: 14 },
  }));
}

function arrows(picture, colours) {
  const [before, after] = picture.places;
  return picture.arrows.map((item) => ({
    x: after.x[item],
    y: after.y[item],
    ax: before.x[item],
    ay: before.y[item],
    xref: "x",
    yref: "y",
    axref: "x",
    ayref: "y",
    showarrow: true,
    text: "",
    arrowhead: 2,
    arrowsize: 1.1,
    arrowwidth: 1.3,
    arrowcolor: colours.text,
    opacity: 0.6,
  }));
}

function draw(view) {
  const colours = theme(view.host);
  view.pieces = pieces(view, colours);
  view.colours = JSON.stringify(colours);
  const config = {
    displaylogo: false,
    displayModeBar: true,
    responsive: true,
    showTips: false,
    modeBarButtons: [
      ["lasso2d", "select2d", "zoom2d", "pan2d"],
      ["zoomIn2d", "zoomOut2d", "resetScale2d"],
    ],
  };
  return quietly(view, () => view.Plotly.react(view.box, traces(view), layout(view, colours), config));
}

// Plotly tells of selections that come and go while it draws; nobody made these.
function quietly(view, work) {
  view.quiet = (view.quiet ?? 0) + 1;
  return Promise.resolve(work()).finally(() => setTimeout(() => (view.quiet -= 1)));
}

function mark(view) {
  const selectedpoints = view.pieces.map((piece) => (piece.selectable ? picked(view, piece) : null));
  // The outline goes: it would stay where it was drawn when something else is selected.
  const drawn = quietly(view, () => view.Plotly.update(view.box, { selectedpoints }, { selections: [] }));
  return drawn.then(() => (view.box.dataset.chosen = view.chosen.size));
}

// Python is told first and works while the browser draws, which for 50,000 texts takes a second.
function choose(view, items) {
  view.chosen = new Set(items);
  view.tell([...view.chosen].sort((one, other) => one - other));
  return new Promise((done) => setTimeout(done, TELLING_MS)).then(() => mark(view));
}

function itemsOf(event) {
  const items = (event?.points ?? []).map((point) => point.customdata);
  return items.filter((item) => Number.isInteger(item));
}

function listen(view) {
  view.box.on("plotly_selected", (event) => {
    // Without an event the outline was taken away, which says nothing about the selection.
    if (event && !view.quiet) choose(view, itemsOf(event));
  });
  view.box.on("plotly_deselect", () => {
    if (!view.quiet) choose(view, []);
  });
  view.box.on("plotly_click", (event) => {
    const items = itemsOf(event).slice(0, 1);
    if (!items.length) return;
    choose(view, event.event?.shiftKey ? [...view.chosen, ...items] : items);
  });
}

function move(view, share) {
  view.share = share;
  cancelAnimationFrame(view.frame);
  view.frame = requestAnimationFrame(() => {
    const found = view.pieces.map((piece) => places(view.picture, 0, share, piece.items));
    view.Plotly.restyle(view.box, {
      x: found.map((place) => place.x),
      y: found.map((place) => place.y),
    });
  });
}

function play(view, slider) {
  if (view.playing) return;
  view.playing = true;
  const began = performance.now();
  const step = (now) => {
    const share = Math.min(1, (now - began) / PLAY_MS);
    slider.value = share;
    move(view, share);
    if (share < 1 && view.box.isConnected) setTimeout(() => step(performance.now()), 40);
    else view.playing = false;
  };
  step(began);
}

function steer(view, parent) {
  const bar = parent.querySelector(".pairloom-map-steer");
  const { morph, words } = view.picture;
  bar.hidden = !morph;
  const slider = bar.querySelector("input");
  const button = bar.querySelector("button");
  bar.querySelector(".before").textContent = words.before;
  bar.querySelector(".after").textContent = words.after;
  button.textContent = "▶ " + words.play;
  slider.setAttribute("aria-label", `${words.before} – ${words.after}`);
  slider.value = view.share;
  slider.oninput = () => move(view, Number(slider.value));
  button.onclick = () => play(view, slider);
}

export default function ({ data, parentElement, setStateValue }) {
  const box = parentElement.querySelector(".pairloom-map");
  box.setAttribute("role", "figure");
  box.setAttribute("aria-label", data.alt);
  box.style.minHeight = data.height + "px";
  const view = (box.pairloomView ??= { box, chosen: new Set(), marked: [], share: 0 });
  view.host = parentElement.host ?? parentElement;
  view.tell = (items) => setStateValue("chosen", items);
  library().then((Plotly) => {
    view.Plotly = Plotly;
    const first = !view.picture;
    const fresh = view.version !== data.version;
    if (fresh) {
      view.version = data.version;
      view.picture = parse(data.picture);
    }
    const pushed = view.push !== data.push;
    if (pushed) {
      view.push = data.push;
      view.chosen = new Set(data.chosen);
    }
    const remarked = JSON.stringify(view.marked) !== JSON.stringify(data.marked);
    view.marked = data.marked;
    const repainted = view.colours !== JSON.stringify(theme(view.host));
    if (fresh || remarked || repainted) draw(view);
    else if (pushed) mark(view);
    if (fresh) box.dataset.chosen = view.chosen.size;
    box.dataset.version = view.version;
    if (first) listen(view);
    steer(view, parentElement);
  });
}
