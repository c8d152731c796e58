// The Plotly library, fetched once for the whole page.
function library() {
  window.pairloomPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "LIBRARY_ADDRESS";
    script.onload = () => resolve(window.Plotly);
    script.onerror = reject;
    document.head.append(script);
  });
  return window.pairloomPlotly;
}
