// The points as a table: what was set, how it went, chosen numbers at the last step, the run's own report.
const MAIN = ["test_loss", "train_loss", "shape_class", "alpha_hill", "alpha", "outliers"];

function drawPoints(root) {
  const mine = (name) => DATA.variables.findIndex((v) => v.name === name && (v.matrix === null || (DATA.matrices[v.matrix].layer === state.layer && DATA.matrices[v.matrix].kind === "weight")));
  const columns = MAIN.map(mine).filter((i) => i >= 0);
  const order = { by: null, down: false };
  const add = el("select", { "aria-label": "add a column", onchange: () => { if (add.value !== "") columns.push(Number(add.value)); paint(); } });
  const box = el("div", { class: "scroll layers" });
  root.append(el("p", { class: "what" }, `Numbers at ${stepName(DATA.last)}${DATA.at[DATA.last] === null ? "" : ", the last one"}. A click on a heading sorts; a dash stands for a value that is missing, its reason in the tooltip.`),
    el("div", { class: "bar" }, el("label", {}, "add a column", add)), box);
  const paint = () => {
    const cols = [
      ...DATA.keys.map((k, j) => ({ id: `k${j}`, name: k.name, of: (p) => (k.numeric && DATA.points[p].setting !== null ? k.values[DATA.points[p].at[j]].v : DATA.points[p].texts[j]), text: (p) => DATA.points[p].texts[j], cls: k.numeric ? "n" : "" })),
      ...(DATA.seed ? [{ id: "seed", name: DATA.seed, of: (p) => (DATA.points[p].seed === "" ? null : isNaN(Number(DATA.points[p].seed)) ? DATA.points[p].seed : Number(DATA.points[p].seed)), text: (p) => DATA.points[p].seed, cls: "n" }] : []),
      { id: "status", name: "status", of: (p) => DATA.points[p].status, text: (p) => DATA.points[p].status, cls: "", bad: true },
      ...columns.map((i) => {
        const v = DATA.variables[i];
        return { id: `v${i}`, variable: i, name: v.name, title: [optionName(v), ofWhat(v)].filter(Boolean).join(", "), of: (p) => valueOf(v, p, DATA.last), text: (p) => { const a = valueOf(v, p, DATA.last); return a === null ? "\u2013" : shown(v, a); }, why: (p) => (valueOf(v, p, DATA.last) === null ? whyNot(v, p, DATA.last) : null), cls: v.classes ? "words" : "n" };
      }),
    ];
    const sorted = cols.find((c) => c.id === order.by);
    // By setting and seed, twins of other points last.
    const rest = DATA.points.map((_, p) => p).filter((p) => DATA.points[p].setting === null);
    const rows = [...DATA.settings.flatMap((s) => s.points), ...rest], place = new Map(rows.map((p, i) => [p, i]));
    if (sorted) rows.sort((a, b) => {
      const x = sorted.of(a), y = sorted.of(b);
      if (x === null || y === null) return x !== null ? -1 : y !== null ? 1 : place.get(a) - place.get(b);
      return (order.down ? -1 : 1) * (typeof x === "string" || typeof y === "string" ? String(x).localeCompare(String(y)) : x - y) || place.get(a) - place.get(b);
    });
    const head = cols.map((c) => el("th", { class: c.cls, title: c.title, "aria-sort": c === sorted ? (order.down ? "descending" : "ascending") : "none" },
      el("button", { type: "button", onclick: () => { order.down = c === sorted ? !order.down : false; order.by = c.id; paint(); } }, ...parts(c.name), c === sorted ? (order.down ? " \u25be" : " \u25b4") : ""),
      c.variable === undefined ? null : el("button", { type: "button", class: "drop", title: `Remove ${c.name}`, "aria-label": `remove ${c.name}`, onclick: () => { columns.splice(columns.indexOf(c.variable), 1); paint(); } }, "\u00d7")));
    const reasons = DATA.points.some((p) => p.reason), twins = DATA.points.some((p) => p.setting === null);
    const body = rows.map((p) => {
      const point = DATA.points[p], bad = point.last === null || !point.finished || point.status !== "finished";
      return el("tr", {}, ...cols.map((c) => el("td", { class: `${c.cls}${c.bad && bad ? " bad" : ""}`, title: c.why ? c.why(p) : null }, c.text(p))),
        el("td", {}, point.link ? el("a", { href: point.link }, "report") : "\u2013"),
        ...(reasons || twins ? [el("td", { class: "reason" }, [point.reason, point.setting === null ? "same keys as another point" : null].filter(Boolean).join("; "))] : []));
    });
    box.replaceChildren(el("table", { class: "plain" }, el("thead", {}, el("tr", {}, ...head, el("th", {}, "run"), ...(reasons || twins ? [el("th", { class: "reason" }, "reason")] : []))), el("tbody", {}, ...body)));
    const groups = offered((_, i) => !columns.includes(i));
    add.replaceChildren(el("option", { value: "" }, "choose\u2026"), ...groups.map(([name, list]) => el("optgroup", { label: name }, ...list.map((i) => el("option", { value: i }, optionName(DATA.variables[i]))))));
  };
  // Another layer: its metrics in the same columns.
  let layer = state.layer;
  state.follow(() => {
    if (layer !== state.layer) {
      columns.forEach((i, c) => {
        const v = DATA.variables[i], m = v.matrix === null ? null : DATA.matrices[v.matrix];
        if (!m || m.layer !== layer) return;
        const j = DATA.variables.findIndex((w) => w.name === v.name && w.matrix !== null && DATA.matrices[w.matrix].layer === state.layer && DATA.matrices[w.matrix].kind === m.kind);
        if (j >= 0) columns[c] = j;
      });
      layer = state.layer;
    } else if (box.childElementCount) return;
    paint();
  });
}

// A name may break after each of its parts.
const parts = (name) => name.split(/(?<=[._])/).flatMap((part) => [part, el("wbr", {})]);
