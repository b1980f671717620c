// Saving a drawing as a file that stands alone: title, device, capture and version above it, the key
// below, every colour written out, so that no style sheet is missed.
const COPIED = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-weight", "paint-order", "stroke-linejoin"];
const HEAD_PX = 46;
const FOOT_PX = 26;

function plainCopy(svg) {
  const copy = svg.cloneNode(true);
  const drawn = [...svg.querySelectorAll("*")];
  const copied = [...copy.querySelectorAll("*")];
  const away = [];
  drawn.forEach((element, number) => {
    const to = copied[number];
    const style = getComputedStyle(element);
    if (style.display === "none") away.push(to);
    if (element.tagName !== "g") for (const name of COPIED) to.setAttribute(name, style.getPropertyValue(name));
    paintMark(to, element);
    to.removeAttribute("class");
    to.removeAttribute("data-g");
  });
  for (const element of away) element.remove();
  return copy;
}
// A mixed colour is written as a colour and its opacity, which every viewer knows.
function paintMark(to, element) {
  const kind = (element.getAttribute("class") || "").match(/k-(below-\w+-roof)/);
  if (!kind) return;
  to.setAttribute("fill", styleOf("--" + LOOKS[kind[1].replace(/-/g, "_")].color));
  to.setAttribute("fill-opacity", "0.3");
}
function key(section, y) {
  const group = draw("g", {});
  let x = 12;
  for (const button of section.querySelectorAll("[data-bound]")) {
    const icon = button.querySelector("svg");
    const style = getComputedStyle(icon);
    const mark = draw("g", { transform: `translate(${x} ${y})`, fill: style.fill, stroke: style.stroke, "stroke-width": style.stroke === "none" ? 0 : 1.5 });
    mark.setAttribute("class", icon.getAttribute("class"));
    paintMark(mark, mark);
    mark.removeAttribute("class");
    for (const child of document.querySelector(icon.querySelector("use").getAttribute("href")).children) mark.append(child.cloneNode());
    group.append(mark, draw("text", { x: x + 16, y: y + 10, fill: styleOf("--soft") }, button.textContent));
    x += 30 + button.textContent.length * 7.2;
  }
  if (section.querySelector(".lines .best")) group.append(
    draw("path", { d: `M${x} ${y + 6}h22`, stroke: styleOf("--ink"), "stroke-dasharray": "5 3" }),
    draw("text", { x: x + 28, y: y + 10, fill: styleOf("--soft") }, "best this capture reached"),
  );
  return group;
}
function standalone(drawing) {
  const { section } = drawing;
  const { width, height } = drawing.planes[0].svg.viewBox.baseVal;
  const size = { width: width + 24, height: height + HEAD_PX + FOOT_PX };
  const svg = draw("svg", { xmlns: SVG, ...size, viewBox: `0 0 ${size.width} ${size.height}`, "font-family": getComputedStyle(document.body).fontFamily, "font-size": 11 });
  const copy = plainCopy(drawing.planes[0].svg);
  for (const [name, value] of Object.entries({ x: 12, y: HEAD_PX, width, height })) copy.setAttribute(name, value);
  svg.append(
    draw("rect", { ...size, fill: styleOf("--card") }),
    draw("text", { x: 12, y: 20, fill: styleOf("--ink"), "font-weight": 650, "font-size": 14 }, section.dataset.title),
    draw("text", { x: 12, y: 36, fill: styleOf("--soft") }, section.dataset.about),
    copy,
    key(section, height + HEAD_PX + 4),
  );
  return { text: new XMLSerializer().serializeToString(svg), size };
}
function download(blob, name) {
  const link = make("a", { download: name, href: URL.createObjectURL(blob) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
async function savePicture(drawing, kind) {
  const { text, size } = standalone(drawing);
  const name = `${drawing.section.dataset.file}-${drawing.name}.${kind}`;
  const vector = new Blob([text], { type: "image/svg+xml" });
  if (kind === "svg") return download(vector, name);
  const image = new Image();
  image.src = URL.createObjectURL(vector);
  await image.decode();
  const canvas = make("canvas", { width: 2 * size.width, height: 2 * size.height });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  canvas.toBlob((blob) => download(blob, name), "image/png");
}
