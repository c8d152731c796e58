// A chart that is handed new points and keeps its zoom.
// What follows is put behind ui/plotly_library.js.

function themed(figure, style) {
  const value = (name) => style.getPropertyValue(name).trim();
  let text = figure;
  value("--st-chart-categorical-colors").split(",").forEach((colour, index) => {
    text = text.replaceAll("#00000" + (index + 1), colour.trim());
  });
  const { data, layout } = JSON.parse(text);
  const lines = { gridcolor: value("--st-border-color-light"), zeroline: false };
  layout.font = { family: value("--st-font"), color: value("--st-text-color"), size: 12 };
  layout.title.font = { ...layout.title.font, weight: 600 };
  layout.modebar = {
    bgcolor: "rgba(0,0,0,0)",
    color: value("--st-border-color"),
    activecolor: value("--st-primary-color"),
  };
  for (const name of Object.keys(layout)) {
    if (/^[xy]axis/.test(name)) Object.assign(layout[name], lines);
  }
  layout.hoverlabel = { ...layout.hoverlabel, font: { family: value("--st-font") } };
  return { data, layout };
}

// What a theme makes of a chart: with another one it has to be drawn again.
function colours(style) {
  const names = ["--st-chart-categorical-colors", "--st-text-color", "--st-border-color-light"];
  return names.map((name) => style.getPropertyValue(name)).join();
}

// Draw `chart` into `box`, unless it is what stands there. Drawing takes time from the training
// where both share a processor; comparing hardly does.
function drawChart(box, host, chart) {
  box.style.height = chart.height + "px";
  box.setAttribute("role", "figure");
  box.setAttribute("aria-label", chart.alt);
  return library().then((Plotly) => {
    const style = getComputedStyle(host);
    const wanted = colours(style) + chart.figure;
    if (box.pairloomDrawn === wanted) return;
    box.pairloomDrawn = wanted;
    const { data, layout } = themed(chart.figure, style);
    return Plotly.react(box, data, layout, {
      displaylogo: false,
      responsive: true,
      showTips: false,
      modeBarButtons: [["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
    });
  });
}
