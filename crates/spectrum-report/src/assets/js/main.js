// Theme, then every section.
(() => {
  const root = document.documentElement;
  const asked = new URLSearchParams(location.search).get("theme");
  if (asked === "dark" || asked === "light") root.dataset.theme = asked;
  const dark = () => root.dataset.theme === "dark" || (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  document.getElementById("theme").addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; });

  // A section that the run has nothing for is not on the page.
  const part = (id, fill) => { const at = document.getElementById(id); if (at) fill(at); };
  let spectra = false;
  part("chooser", (at) => { spectra = drawChooser(at); });
  if (!spectra) state.matrix = DATA.runs[0].matrices[0] || null;
  part("losses", drawLosses);
  if (spectra) {
    part("esd", drawEsd);
    part("singular", drawSingular);
    part("tail", drawTail);
    part("cutoff", drawCutoff);
  } else {
    part("esd", (at) => at.append(el("p", { class: "note" }, "No spectra were recorded.")));
    part("tails", (at) => at.remove());
  }
  part("overlaps", drawOverlaps);
  part("depth", drawDepth);
  part("table", drawTable);
  part("metrics", drawMeasures);
})();
