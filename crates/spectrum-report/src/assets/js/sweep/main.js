// All sections, and the colours that must follow the theme.
startTheme(() => themed.forEach((f) => f()));
drawChooser(document.getElementById("chooser"));
if (DATA.variables.length) {
  drawCurves(document.getElementById("curves"));
  drawSteps(document.getElementById("curves"));
  drawPhase(document.getElementById("phase"));
  drawScatter(document.getElementById("scatter"));
} else {
  for (const id of ["curves", "phase", "scatter"]) document.getElementById(id).append(el("p", { class: "note" }, "No point recorded a number."));
}
drawPoints(document.getElementById("points"));
