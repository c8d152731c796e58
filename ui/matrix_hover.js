// The box beside the pointer over a matrix: both texts and their numbers.  The texts travel once and
// not once a cell, which for a hundred texts would be ten thousand times.

function showBox(box, event) {
  const point = event.points[0];
  const { labels, texts } = box.pairloomData;
  const at = point.pointNumber;
  const pair = [Math.floor(at / labels.length), at % labels.length];
  box.replaceChildren(
    ...pair.map((place) => {
      const line = document.createElement("p");
      const label = document.createElement("b");
      label.textContent = labels[place];
      line.append(label, " ", texts[place]);
      return line;
    })
  );
  const numbers = document.createElement("p");
  numbers.textContent = point.fullData.hovertext[at];
  box.append(numbers);
  box.hidden = false;
  place(box, event.event);
}

// Beside the pointer and never beyond the window.
function place(box, { clientX, clientY }) {
  const { width, height } = box.getBoundingClientRect();
  const right = clientX + 18;
  const left = right + width < innerWidth ? right : clientX - 18 - width;
  box.style.left = `${Math.max(8, left)}px`;
  box.style.top = `${Math.max(8, Math.min(clientY + 12, innerHeight - height - 8))}px`;
}

export default function ({ data, parentElement }) {
  const box = parentElement.querySelector(".pairloom-cell-hover");
  box.pairloomData = data;
  box.hidden = true;
  const hook = () => {
    const chart = document.querySelector(`.st-key-${data.chart} .js-plotly-plot`);
    // A chart that was drawn anew has another function here.
    if (!chart?.on || chart.on === box.pairloomOn) return;
    box.pairloomOn = chart.on;
    chart.on("plotly_hover", (event) => box.isConnected && showBox(box, event));
    chart.on("plotly_unhover", () => (box.hidden = true));
  };
  hook();
  const timer = setInterval(hook, 300);
  return () => clearInterval(timer);
}
