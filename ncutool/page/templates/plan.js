// The slider chooses a batch: its marks in both pictures, its row in the table, its sentence.
const { stops } = JSON.parse(document.getElementById("plan-data").textContent);
const slider = document.querySelector("#slider input");
const readout = document.getElementById("readout");

function choose(stop) {
  for (const mark of document.querySelectorAll("[data-stop]")) mark.classList.toggle("on", Number(mark.dataset.stop) === stop);
  for (const row of document.querySelectorAll("tr[data-batch]")) row.classList.toggle("chosen", Number(row.dataset.batch) === stop);
  slider.value = stop;
  slider.setAttribute("aria-valuetext", stops[stop].text);
  readout.textContent = stops[stop].text;
}

slider.parentElement.hidden = false;
slider.addEventListener("input", () => choose(Number(slider.value)));
for (const element of document.querySelectorAll("[data-at]")) element.addEventListener("click", () => choose(Number(element.dataset.at)));
for (const row of document.querySelectorAll("tr[data-batch]")) row.addEventListener("click", () => choose(Number(row.dataset.batch)));
choose(Number(slider.value));
