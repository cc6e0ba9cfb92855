// Scales, ticks and number texts.
const SUPER = { "-": "\u207b", 0: "\u2070", 1: "\u00b9", 2: "\u00b2", 3: "\u00b3", 4: "\u2074", 5: "\u2075", 6: "\u2076", 7: "\u2077", 8: "\u2078", 9: "\u2079" };
const power = (n) => "10" + String(n).split("").map((c) => SUPER[c]).join("");

const sub = (n) => String(n).split("").map((c) => String.fromCharCode(0x2080 + Number(c))).join("");

function text(v, digits) {
  if (v === null || v === undefined || !isFinite(v)) return "\u2013";
  if (v === 0) return "0";
  const a = Math.abs(v);
  if (a >= 1e6 || a < 1e-3) {
    let e = Math.floor(Math.log10(a));
    let m = Number((v / 10 ** e).toPrecision(digits || 4));
    if (Math.abs(m) >= 10) { m /= 10; e += 1; }
    const sign = m < 0 ? "\u2212" : "";
    return Math.abs(m) === 1 ? sign + power(e) : `${sign}${Math.abs(m)}\u00d7${power(e)}`;
  }
  return String(Number(v.toPrecision(digits || 4))).replace("-", "\u2212");
}

function niceStep(span, count) {
  const raw = span / Math.max(1, count);
  const unit = 10 ** Math.floor(Math.log10(raw));
  const f = raw / unit;
  return unit * (f < 1.5 ? 1 : f < 3.5 ? 2 : f < 7.5 ? 5 : 10);
}

function linearTicks(lo, hi, count) {
  const step = niceStep(hi - lo, count);
  if (!(step > 0 && isFinite(step))) return [lo];
  const out = [];
  for (let i = Math.ceil(lo / step - 1e-9); i * step <= hi + step * 1e-9; i++) out.push(i * step);
  return out;
}

function logTicks(lo, hi, count) {
  const a = Math.log10(lo), b = Math.log10(hi);
  if (!(isFinite(a) && isFinite(b))) return [];
  const marks = b - a > 2.2 ? [1] : b - a > 0.9 ? [1, 2, 5] : null;
  if (!marks) return linearTicks(lo, hi, count).filter((t) => t > 0);
  const every = Math.max(1, Math.ceil((b - a) / Math.max(2, count)));
  const out = [];
  for (let e = Math.floor(a); e <= Math.ceil(b); e++) {
    for (const m of marks) {
      const v = m * 10 ** e;
      if (v >= lo * (1 - 1e-9) && v <= hi * (1 + 1e-9) && (marks.length > 1 || e % every === 0)) out.push(v);
    }
  }
  return out;
}

// kind: "linear", "log", or "log1p" (for steps: 0 has its place). Range is in pixels.
function scale(kind, lo, hi, from, to) {
  const f = kind === "log" ? Math.log10 : kind === "log1p" ? (v) => Math.log10(1 + v) : (v) => v;
  const g = kind === "log" ? (v) => 10 ** v : kind === "log1p" ? (v) => 10 ** v - 1 : (v) => v;
  const a = f(lo), b = f(hi) === f(lo) ? f(lo) + 1 : f(hi);
  const me = (v) => from + ((f(v) - a) / (b - a)) * (to - from);
  me.invert = (p) => g(a + ((p - from) / (to - from)) * (b - a));
  me.kind = kind; me.lo = lo; me.hi = hi; me.from = from; me.to = to;
  me.ticks = (count) => {
    if (kind === "log") return logTicks(lo, hi, count);
    if (kind === "linear") return linearTicks(lo, hi, count);
    const out = lo <= 0 ? [0] : [];
    const marks = hi < 60 ? [1, 2, 5] : [1];
    for (let e = 0; 10 ** e <= hi; e++) for (const m of marks) if (m * 10 ** e >= lo && m * 10 ** e <= hi) out.push(m * 10 ** e);
    return out;
  };
  return me;
}

// A domain with a little air; whole decades are not forced.
function domain(values, kind, include) {
  let lo = Infinity, hi = -Infinity;
  for (const v of values) {
    if (v === null || !isFinite(v) || (kind === "log" && v <= 0)) continue;
    if (v < lo) lo = v;
    if (v > hi) hi = v;
  }
  for (const v of (include || []).filter((v) => kind !== "log" || v > 0)) { lo = Math.min(lo, v); hi = Math.max(hi, v); }
  if (!(lo <= hi)) return kind === "log" ? [0.1, 10] : [0, 1];
  if (kind === "log") {
    const air = Math.max(0.02, 0.05 * Math.log10(hi / lo));
    return [lo / 10 ** air, hi * 10 ** air];
  }
  if (lo === hi) { const d = Math.abs(lo) * 0.1 || 1; return [lo - d, hi + d]; }
  const air = 0.06 * (hi - lo);
  return [lo >= 0 && lo < 0.35 * hi ? 0 : lo - air, hi + air];
}

// Tick texts of one axis share their number of decimals.
function tickTexts(ticks, kind) {
  if (kind === "log") {
    const whole = ticks.every((t) => Math.abs(Math.log10(t) - Math.round(Math.log10(t))) < 1e-9);
    const wide = ticks.some((t) => t >= 1e4 || t <= 1e-3);
    return ticks.map((t) => (whole && wide && t !== 1 ? power(Math.round(Math.log10(t))) : text(t, 3)));
  }
  if (kind === "log1p") return ticks.map((t) => t >= 1e4 ? power(Math.round(Math.log10(t))) : String(t));
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : Math.abs(ticks[0]) || 1;
  const top = Math.max(...ticks.map(Math.abs), step);
  if (top >= 1e6 || top < 1e-3) return ticks.map((t) => text(Number(t.toPrecision(10)), 4));
  const decimals = Math.max(0, Math.min(8, -Math.floor(Math.log10(step) + 1e-9)));
  return ticks.map((t) => (Math.abs(t) < step * 1e-6 ? 0 : t).toFixed(decimals).replace("-", "\u2212"));
}
