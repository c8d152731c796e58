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

// Below the pointer, or above it where there is no room, and never beyond the part of the window that
// the page has for itself.
function place(box, { clientX, clientY }) {
  const { width, height } = box.getBoundingClientRect();
  const page = box.closest('[data-testid="stMain"]')?.getBoundingClientRect();
  const [first, last] = page ? [page.left + 8, page.right - 24] : [8, innerWidth - 8];
  box.style.left = `${Math.max(first, Math.min(clientX + 18, last - width))}px`;
  const below = clientY + 22;
  const fits = below + height < innerHeight - 8;
  box.style.top = `${fits ? below : Math.max(8, clientY - 22 - height)}px`;
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
