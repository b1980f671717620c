// The rooflines are drawn by vega without eval; the table beside them holds the same figures.
const spec = JSON.parse(document.getElementById("sheet-data").textContent);
const element = document.getElementById("rooflines");
const options = { actions: false, ast: true, renderer: "svg", tooltip: false };
window.ncutoolSheet = vegaEmbed(element, spec, options).then(({ view }) => view);
