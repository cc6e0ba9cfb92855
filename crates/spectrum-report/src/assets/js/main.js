// Theme, then every section.
(() => {
  startTheme();

  // A section that the run has nothing for is not on the page.
  const part = (id, fill) => { const at = document.getElementById(id); if (at) fill(at); };
  let spectra = false;
  part("chooser", (at) => { spectra = drawChooser(at); });
  if (!spectra) state.matrix = DATA.runs[0].matrices[0] || null;
  part("losses", drawLosses);
  part("dynamics-run", drawDynamicsRun);
  part("rank-accuracy", drawRankAccuracy);
  part("rank-map", drawRanks);
  part("alignments", drawAlignments);
  part("agreements", drawAgreements);
  part("parts", drawParts);
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
