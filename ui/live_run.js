// A run at work: asks the server for its figures and changes what has changed.
// What follows is put behind ui/plotly_library.js and ui/live_chart.js.

const LEAST_MS = 1000;
// Where the browser shares a processor with the training, the chart gets a hundredth of its time.
const PAUSE = 100;
const MOST_MS = 10000;

function say(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function showFigures(box, figures) {
  while (box.children.length < figures.length) {
    const one = document.createElement("dl");
    one.className = "figure";
    one.append(document.createElement("dt"), document.createElement("dd"));
    box.append(one);
  }
  figures.forEach(([label, value], at) => {
    const [name, figure] = box.children[at].children;
    say(name, label);
    say(figure, value);
  });
}

async function showChart(view, box, { chart, version }) {
  const began = performance.now();
  await drawChart(box, view.host, chart);
  // The first time says nothing: the library was fetched.
  const took = view.chart ? performance.now() - began : 0;
  view.chart = chart;
  view.seen = version;
  view.chartFrom = performance.now() + Math.min(PAUSE * took, MOST_MS);
}

async function show(view, found) {
  const part = (name) => view.box.querySelector("." + name);
  view.token = found.token;
  say(part("stage"), found.stage);
  const percent = Math.round(1000 * found.done) / 10;
  part("bar").setAttribute("aria-valuenow", percent);
  part("bar").firstElementChild.style.width = percent + "%";
  showFigures(part("figures"), found.figures);
  say(part("note"), found.note);
  say(part("waiting"), found.waiting);
  if (found.chart) await showChart(view, part("pairloom-live-chart"), found);
  // Also without new points: the theme may have changed.
  else if (view.chart) await drawChart(part("pairloom-live-chart"), view.host, view.chart);
  if (found.watched !== view.watched) view.changed();
}

async function look(view) {
  const query = new URLSearchParams({ token: view.token, language: view.language });
  if (view.seen !== undefined) query.set("seen", view.seen);
  if (performance.now() < view.chartFrom) query.set("chart", "no");
  const answer = await fetch(`${view.address}?${query}`);
  if (answer.ok) await show(view, await answer.json());
  else view.changed();
}

async function follow(view) {
  while (view.box.isConnected) {
    await new Promise((done) => setTimeout(done, LEAST_MS));
    if (document.hidden || !view.box.isConnected) continue;
    try {
      await look(view);
    } catch {
      // The server is away; Streamlit says so, and draws the page again when it is back.
    }
  }
  view.following = false;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const box = parentElement.querySelector(".pairloom-live-run");
  const view = (box.pairloomView ??= { box, chartFrom: 0 });
  view.host = parentElement.host ?? parentElement;
  view.address = data.address;
  view.language = data.language;
  view.watched = data.now.watched;
  // Once: what is drawn again brings what it is compared with next.
  view.changed = () => {
    view.changed = () => {};
    setTriggerValue("changed", true);
  };
  show(view, data.now);
  if (view.following) return;
  view.following = true;
  follow(view);
}
