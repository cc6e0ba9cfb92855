// Theme, then every section.
(() => {
  const root = document.documentElement;
  const asked = new URLSearchParams(location.search).get("theme");
  if (asked === "dark" || asked === "light") root.dataset.theme = asked;
  const dark = () => root.dataset.theme === "dark" || (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  document.getElementById("theme").addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; });

  const part = (id) => document.getElementById(id);
  const spectra = drawChooser(part("chooser"));
  drawLosses(part("losses"));
  if (spectra) {
    drawEsd(part("esd"));
    drawSingular(part("singular"));
  } else {
    part("esd").append(el("p", { class: "note" }, "No spectra were recorded."));
    state.matrix = DATA.runs[0].matrices[0] || null;
  }
  drawOverlaps(part("overlaps"));
  drawMeasures(part("metrics"));
})();
