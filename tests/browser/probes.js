// What tests ask of a page as a reader sees it: which texts overlap or are cut, what the first
// screen holds. Run in the page by the tests alone; no page carries it.
window.ncutoolProbes = (() => {
  // Boxes of letters hold room above and below them: this much of two boxes may overlap unseen.
  const SLACK = { x: 0.75, y: 2 };
  const EDGE = 1;

  const words = (node) => node.textContent.replace(/\s+/g, " ").trim();
  const seen = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  // The bar that stays in sight lies over what scrolls beneath it, and so does the tip.
  const floating = (element) => {
    for (let one = element; one; one = one.parentElement) {
      if (["fixed", "sticky"].includes(getComputedStyle(one).position)) return true;
    }
    return false;
  };

  // The four corners of an SVG text as drawn, turned with it: a sloped label needs no room beside it.
  const corners = (text) => {
    const box = text.getBBox();
    const way = text.getScreenCTM();
    const x0 = box.x, x1 = box.x + box.width, y0 = box.y, y1 = box.y + box.height;
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]].map(([x, y]) => {
      const point = new DOMPoint(x, y).matrixTransform(way);
      return [point.x, point.y];
    });
  };
  const cornersOfBox = (box) => [[box.left, box.top], [box.right, box.top], [box.right, box.bottom], [box.left, box.bottom]];

  // A shape with its sides drawn in by the slack, along its own width and height.
  const drawnIn = ([a, b, c, d]) => {
    const width = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
    const height = Math.hypot(d[0] - a[0], d[1] - a[1]) || 1;
    const right = [(b[0] - a[0]) / width, (b[1] - a[1]) / width];
    const down = [(d[0] - a[0]) / height, (d[1] - a[1]) / height];
    const x = Math.min(SLACK.x, width / 3), y = Math.min(SLACK.y, height / 3);
    const move = ([px, py], i, j) => [px + right[0] * x * i + down[0] * y * j, py + right[1] * x * i + down[1] * y * j];
    return [move(a, 1, 1), move(b, -1, 1), move(c, -1, -1), move(d, 1, -1)];
  };

  // Two convex shapes are apart where some side of either has all of the other beyond it.
  const apart = (one, other) => {
    for (const shape of [one, other]) {
      for (let i = 0; i < shape.length; i += 1) {
        const [ax, ay] = shape[i], [bx, by] = shape[(i + 1) % shape.length];
        const across = ([x, y]) => x * (by - ay) - y * (bx - ax);
        const mine = one.map(across), its = other.map(across);
        if (Math.max(...mine) <= Math.min(...its) || Math.max(...its) <= Math.min(...mine)) return true;
      }
    }
    return false;
  };

  const bounds = (shape) => {
    const xs = shape.map((point) => point[0]), ys = shape.map((point) => point[1]);
    return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
  };

  // The box that an element's overflow, or that of what holds it, leaves in sight. What can be
  // scrolled to counts as in sight; so does a text that is cut on purpose, with an ellipsis.
  const cutBy = (element, box) => {
    for (let one = element; one && one !== document.body; one = one.parentElement) {
      const style = getComputedStyle(one);
      if (style.position === "absolute" && style.clip !== "auto") return null;
      const inlineSvg = one.tagName.toLowerCase() === "svg";
      const frame = one.getBoundingClientRect();
      // Words for screen readers alone are drawn into one pixel.
      if (frame.width <= 2 && frame.height <= 2) return null;
      if (!inlineSvg && style.textOverflow === "ellipsis") return null;
      if (style.webkitLineClamp !== "none") return null;
      const x = ["hidden", "clip"].includes(style.overflowX), y = ["hidden", "clip"].includes(style.overflowY);
      if (x && (box.left < frame.left - EDGE || box.right > frame.right + EDGE)) return one;
      if (y && (box.top < frame.top - EDGE || box.bottom > frame.bottom + EDGE)) return one;
      if (["auto", "scroll"].includes(style.overflowX) || ["auto", "scroll"].includes(style.overflowY)) return null;
    }
    return null;
  };

  // Every text that is drawn: SVG texts as wholes, and each line of a text node of HTML.
  const texts = (root) => {
    const found = [];
    for (const text of root.querySelectorAll("svg text")) {
      if (!words(text) || !seen(text) || floating(text)) continue;
      const shape = corners(text);
      const box = bounds(shape);
      if (box.right - box.left < 1 || box.bottom - box.top < 1) continue;
      found.push({ words: words(text), shape, box, svg: text.ownerSVGElement, element: text });
    }
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (!node.textContent.trim() || parent.closest("svg, script, style, template, noscript, option") || !seen(parent) || floating(parent)) continue;
      range.selectNodeContents(node);
      for (const box of range.getClientRects()) {
        if (box.width < 1 || box.height < 1) continue;
        found.push({ words: words(node), shape: cornersOfBox(box), box, svg: null, element: parent, node });
      }
    }
    return found;
  };

  // Where an ellipsis or a scrolled frame cuts a text, only what is in sight can overlap another.
  const inSight = (text) => {
    let { left, right, top, bottom } = text.box;
    for (let one = text.element; one && one !== document.body; one = one.parentElement) {
      if (getComputedStyle(one).overflowX === "visible" || getComputedStyle(one).display === "inline") continue;
      const frame = one.getBoundingClientRect();
      left = Math.max(left, frame.left); right = Math.min(right, frame.right);
      top = Math.max(top, frame.top); bottom = Math.min(bottom, frame.bottom);
    }
    return right - left > 1 && bottom - top > 1 ? { left, right, top, bottom } : null;
  };

  const overlaps = (root) => {
    const all = [];
    for (const text of texts(root)) {
      const box = inSight(text);
      if (box) all.push({ ...text, box, shape: drawnIn(text.svg ? text.shape : cornersOfBox(box)) });
    }
    all.sort((one, other) => one.box.top - other.box.top);
    const found = [];
    for (let i = 0; i < all.length; i += 1) {
      for (let j = i + 1; j < all.length && all[j].box.top < all[i].box.bottom; j += 1) {
        const one = all[i], other = all[j];
        if (one.box.right <= other.box.left || other.box.right <= one.box.left) continue;
        if (one.node && one.node === other.node) continue;
        if (!apart(one.shape, other.shape)) found.push(`"${one.words.slice(0, 50)}" lies over "${other.words.slice(0, 50)}"`);
      }
    }
    return found;
  };

  const clipped = (root) => {
    const found = [];
    for (const text of texts(root)) {
      if (text.svg) {
        const frame = text.svg.getBoundingClientRect(), box = text.box;
        if (box.left < frame.left - EDGE || box.right > frame.right + EDGE || box.top < frame.top - EDGE || box.bottom > frame.bottom + EDGE) {
          found.push(`"${text.words.slice(0, 60)}" crosses the edge of its drawing`);
          continue;
        }
      }
      const cut = cutBy(text.svg ?? text.element, text.svg ? text.box : text.box);
      if (cut) found.push(`"${text.words.slice(0, 60)}" is cut by ${cut.tagName.toLowerCase()}.${cut.getAttribute("class") ?? ""}`);
    }
    return found;
  };

  // Labels of a chart must not lie over its marks: points inside the label are tried in each mark.
  const overMarks = (root, marks) => {
    const found = [];
    for (const svg of root.querySelectorAll("svg")) {
      const shapes = [...svg.querySelectorAll(marks)].filter((mark) => seen(mark) && mark.isPointInFill);
      if (!shapes.length) continue;
      for (const text of svg.querySelectorAll("text")) {
        if (!words(text) || !seen(text)) continue;
        const [a, b, , d] = drawnIn(corners(text));
        for (const mark of shapes) {
          const box = mark.getBoundingClientRect(), own = bounds(corners(text));
          if (box.left >= own.right || own.left >= box.right || box.top >= own.bottom || own.top >= box.bottom) continue;
          const back = mark.getScreenCTM().inverse();
          const covered = [0.02, 0.2, 0.4, 0.6, 0.8, 0.98].some((u) => [0.25, 0.5, 0.75].some((v) => {
            const x = a[0] + (b[0] - a[0]) * u + (d[0] - a[0]) * v, y = a[1] + (b[1] - a[1]) * u + (d[1] - a[1]) * v;
            return mark.isPointInFill(new DOMPoint(x, y).matrixTransform(back));
          }));
          if (covered) { found.push(`"${words(text).slice(0, 60)}" lies over a mark`); break; }
        }
      }
    }
    return found;
  };

  // How far down the window the last pixel of each part lies; null where a part is not to be seen.
  const bottoms = (parts) => Object.fromEntries(Object.entries(parts).map(([name, selector]) => {
    const drawn = [...document.querySelectorAll(selector)].filter((one) => seen(one) && one.getBoundingClientRect().height > 1);
    return [name, drawn.length ? Math.max(...drawn.map((one) => one.getBoundingClientRect().bottom)) : null];
  }));

  return { overlaps, clipped, overMarks, bottoms, texts };
})();
