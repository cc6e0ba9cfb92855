// Colours of ordered values: viridis (S. van der Walt and N. Smith, 2015), which grows evenly lighter for every eye.
const VIRIDIS = ["440154", "482475", "414487", "355f8d", "2a788e", "21918c", "22a884", "44bf70", "7ad151", "bddf26", "fde725"].map((h) => [0, 2, 4].map((i) => parseInt(h.slice(i, i + 2), 16)));

function viridis(u) {
  const x = Math.max(0, Math.min(1, u)) * (VIRIDIS.length - 1), i = Math.min(VIRIDIS.length - 2, Math.floor(x)), f = x - i;
  return `rgb(${VIRIDIS[i].map((a, c) => Math.round(a + f * (VIRIDIS[i + 1][c] - a))).join(",")})`;
}

// Thin lines need the part of the scale that stands out from the ground.
const ramp = (u) => (isDark() ? viridis(0.25 + 0.75 * u) : viridis(0.84 * u));

// Shape classes from quiet to loud; the same in both themes as the page's colours are.
const CLASS_COLOURS = ["var(--c0)", "var(--c4)", "var(--c2)", "var(--c1)", "var(--c3)"];

// More values than this are a crowd: the legend names some of them, and lines go without bands and markers.
const CROWD = 16;
const some = (list) => (list.length <= CROWD ? list : list.filter((_, i) => Math.floor((i * 9) / (list.length - 1)) > Math.floor(((i - 1) * 9) / (list.length - 1))));

// The look of each value of a key: colours in order for numbers, colours and shapes for words.
function looks(k) {
  if (k < 0) return [{ color: colour(0), shape: "circle", dash: "" }];
  const key = DATA.keys[k], n = key.values.length, shapes = Object.keys(SHAPES);
  const scaled = key.numeric && n > 2;
  return key.values.map((_, i) => ({ color: scaled ? ramp(i / (n - 1)) : colour(i), shape: n > CROWD ? "circle" : shapes[i % shapes.length], dash: scaled ? "" : DASH[Math.floor(i / 7) % DASH.length] }));
}
