// The roofline is drawn by vega without eval; its slider marks the batch in the table.
const data = JSON.parse(document.getElementById("plan-data").textContent);
const element = document.getElementById("roofline");
const readout = document.getElementById("readout");

function tell(stop) {
  const found = data.stops.reduce((near, each) => (Math.abs(each.stop - stop) < Math.abs(near.stop - stop) ? each : near));
  readout.textContent = found.text;
  for (const row of document.querySelectorAll("tr[data-batch]")) {
    row.classList.toggle("chosen", Number(row.dataset.batch) === found.batch);
  }
  const slider = element.querySelector("input[type=range]");
  if (slider) slider.setAttribute("aria-valuetext", found.text);
}

const narrow = element.clientWidth < 560;
const spec = { ...data.chart, height: narrow ? 300 : data.chart.height };
const options = { actions: false, ast: true, renderer: "svg", tooltip: false };
window.ncutoolPlan = vegaEmbed(element, spec, options).then(({ view }) => {
  view.addSignalListener(data.parameter, (_, stop) => tell(stop));
  tell(view.signal(data.parameter));
  return view;
});
