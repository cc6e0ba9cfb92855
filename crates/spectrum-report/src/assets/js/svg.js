// Small helpers: elements, SVG nodes, saving a figure as a file of its own.
const SVG = "http://www.w3.org/2000/svg";

function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [k, v] of Object.entries(attributes || {})) {
    if (k.startsWith("on")) node.addEventListener(k.slice(2), v);
    else if (v !== null && v !== undefined) node.setAttribute(k, v);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
}

function draw(parent, name, attributes, text) {
  const node = document.createElementNS(SVG, name);
  for (const [k, v] of Object.entries(attributes || {})) node.setAttribute(k, v);
  if (text !== undefined) node.textContent = text;
  if (parent) parent.appendChild(node);
  return node;
}

// Colours are CSS variables, so that one drawing serves both themes; a saved file gets the values they have now.
const STYLES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "stroke-linejoin",
  "opacity", "paint-order", "visibility", "font-family", "font-size", "font-weight", "text-anchor"];

function saveSvg(svg, name) {
  const copy = svg.cloneNode(true);
  const from = [svg, ...svg.querySelectorAll("*")];
  const to = [copy, ...copy.querySelectorAll("*")];
  from.forEach((node, i) => {
    const style = getComputedStyle(node);
    to[i].removeAttribute("class");
    to[i].setAttribute("style", STYLES.map((s) => `${s}:${style.getPropertyValue(s)}`).join(";"));
  });
  const box = svg.viewBox.baseVal;
  copy.setAttribute("xmlns", SVG);
  copy.setAttribute("width", box.width);
  copy.setAttribute("height", box.height);
  const ground = draw(null, "rect", { width: "100%", height: "100%", fill: getComputedStyle(document.body).backgroundColor });
  copy.insertBefore(ground, copy.firstChild);
  const url = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
  const link = el("a", { href: url, download: `${name.replace(/[^A-Za-z0-9._-]+/g, "-")}.svg` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

// A figure that draws itself again when its width changes. `paint(svg, width)` returns nothing; it fills the svg.
function figure(parent, title, options) {
  const svg = draw(null, "svg", { role: "img", "aria-label": title });
  const heading = el("h3", {}, title), head = el("div", { class: "fighead" }, heading);
  const tools = el("div", { class: "bar" });
  head.append(tools);
  const above = el("div", {});
  const box = el("figure", { class: "chart" }, head);
  if (options && options.what) box.append(el("p", { class: "what" }, options.what));
  box.append(above, svg);
  const tip = el("div", { class: "tip", hidden: "" });
  box.append(tip);
  if (options && options.caption) box.append(el("figcaption", { class: "caption" }, options.caption));
  parent.append(box);
  const me = { box, svg, tools, above, tip, title, paint: null, width: 0 };
  // A figure whose subject is chosen says what it is now: heading, label and the saved file's name.
  me.rename = (words) => { me.title = words; heading.textContent = words; svg.setAttribute("aria-label", words); };
  me.redraw = () => {
    const width = Math.max(240, Math.floor(box.clientWidth || 600));
    me.width = width;
    svg.replaceChildren();
    tip.hidden = true;
    if (me.paint) me.paint(svg, width);
  };
  tools.append(el("button", { class: "save", type: "button", title: `Save "${title}" as an SVG file`,
    onclick: () => saveSvg(svg, me.title) }, "save SVG"));
  if (window.ResizeObserver) {
    new ResizeObserver(() => {
      if (me.paint && Math.abs(box.clientWidth - me.width) > 1) me.redraw();
    }).observe(box);
  }
  return me;
}

// Beside a point of the drawing, on the side that has room. (SVG elements have no offsetLeft.)
function place(tip, svg, x, y) {
  const at = svg.getBoundingClientRect(), box = svg.parentNode.getBoundingClientRect();
  const scale = at.width / svg.viewBox.baseVal.width || 1;
  tip.hidden = false;
  tip.style.left = "0px";
  const left = at.left - box.left + x * scale, room = box.width - tip.offsetWidth - 4;
  const aside = left + 14 <= room ? left + 14 : left - 14 - tip.offsetWidth;
  tip.style.left = `${Math.max(0, Math.min(aside, room))}px`;
  tip.style.top = `${at.top - box.top + y * scale}px`;
}

// One of several buttons is pressed.
function choice(options, value, change) {
  const box = el("div", { class: "choice", role: "group" });
  const buttons = options.map(([key, text]) => {
    const button = el("button", { type: "button", onclick: () => { set(key); change(key); } }, text);
    box.append(button);
    return [key, button];
  });
  const set = (key) => buttons.forEach(([k, b]) => b.setAttribute("aria-pressed", String(k === key)));
  set(value);
  return box;
}
