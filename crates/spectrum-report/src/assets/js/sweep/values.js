// The numbers of a sweep: values of points and statistics of settings, which Rust computed, and why some are missing.
const STEPS = DATA.at.length;
// Drawings whose colours are numbers: called again when the theme changes.
const themed = [];
const SCALAR_NAMES = {
  train_loss: ["Training loss", "loss"], test_loss: ["Test loss", "loss"], linear_test_loss: ["Test loss, linear model (ridge)", "loss"],
  initial_kernel_test_loss: ["Test loss, kernel at the start", "loss"], train_accuracy: ["Training accuracy", "fraction correct"],
  test_accuracy: ["Test accuracy", "fraction correct"], learning_rate: ["Learning rate of the step", "rate"],
};
const MORE_NAMES = {
  log_norm: "log\u2081\u2080 \u2016W\u2016\u00b2", log_spectral_norm: "log\u2081\u2080 \u03bb\u2081", participation_ratio: "Participation ratio", condition_number: "Condition number", rank: "Rank", entropy: "Entropy / ln rank",
  ridge_train_loss: "Training loss, refitted readout", teacher_projection: "Projection of the teacher on leading vectors", mp_bulk_distance: "KS distance of the bulk", mp_soft_rank: "Edge / largest \u03bb", mp_p: "p of the distance to the law",
  outlier_p: "p of the largest \u03bb", spike_strength: "Strength of the spike", gavish_donoho_rank: "Values above the optimal threshold", spacing_ratio: "Spacing ratio",
  update_overlap_left_after: "Overlap with the update after it, left cos\u00b2", update_overlap_right_after: "Overlap with the update after it, right cos\u00b2",
};
// [w] is the unit of a matrix's entries.
const UNITS = {};
for (const [unit, names] of [
  ["unit of W", "frobenius_norm spectral_norm nuclear_norm spike_strength"],
  ["unit of W, squared", "mp_variance mp_edge xmin erg_edge"],
  ["exponent of the density", "alpha alpha_hill alpha_sigma alpha_farms alpha_hill_bulk alpha_hill_gaussian alpha_hill_gaussian_sd"],
  ["count", "outliers outliers_initial tail_size mass_rank_90 rank erg_size erg_gap gavish_donoho_rank"],
  ["effective count", "stable_rank effective_rank participation_ratio"],
  ["ratio", "top_to_edge condition_number mp_soft_rank"],
  ["loss", "ridge_test_loss ridge_train_loss"],
  ["0 to 1", "effective_rank_normalized gini mp_distance mp_bulk_distance alpha_distance kta kta_centred kta_train teacher_alignment teacher_projection label_alignment update_overlap_left update_overlap_right update_overlap_left_after update_overlap_right_after agreement_left agreement_right subspace_agreement_left subspace_agreement_right spike_left_overlap spike_right_overlap tail_gof_p mp_p outlier_p entropy spacing_ratio"],
  ["log\u2081\u2080 of a squared unit of W", "log_norm log_spectral_norm"],
  ["dimensionless", "alpha_weighted log_alpha_norm alignment_score agreement_score spacing_ratio_error"],
]) for (const n of names.split(" ")) UNITS[n] = unit;
const KEY_NAMES = {
  "optimizer.lr": "learning rate", "data.n": "training samples", "data.d": "input dimension", "data.noise": "label noise, standard deviation", "model.width": "width",
  "training.batch": "samples in a batch", "training.steps": "optimizer steps", "optimizer.weight_decay": "weight decay", "optimizer.kind": "optimizer", "model.activation": "activation", "data.link": "link",
};

function titleOf(v) {
  if (v.matrix === null) return (SCALAR_NAMES[v.name] || [v.name])[0];
  const rest = v.name.startsWith("null_") ? v.name.slice(5) : v.name;
  const word = MORE_NAMES[rest] || metricTitle(rest);
  return rest === v.name ? word : `Null: ${word}`;
}
const unitOf = (v) => (v.classes ? null : v.matrix === null ? (SCALAR_NAMES[v.name] || [])[1] || null : UNITS[v.name.replace(/^null_/, "")] || null);
const axisName = (v) => { const u = unitOf(v); return u && u !== "loss" ? `${titleOf(v)} (${u})` : titleOf(v); };
const optionName = (v) => (titleOf(v) === v.name ? v.name : `${titleOf(v)} (${v.name})`);
const keyName = (k) => (KEY_NAMES[DATA.keys[k].name] ? `${KEY_NAMES[DATA.keys[k].name]} (${DATA.keys[k].name})` : DATA.keys[k].name);
const shortKey = (k) => KEY_NAMES[DATA.keys[k].name] || DATA.keys[k].name;
const matrixName = (m) => `${m.layer} \u00b7 ${m.kind} \u00b7 ${m.view}`;
const ofWhat = (v) => (v.matrix === null ? "" : matrixName(DATA.matrices[v.matrix]));
const stepName = (i) => (DATA.at[i] === null ? "each run\u2019s last step" : `step ${DATA.at[i]}`);
const classNames = (v) => (codesOf(v.name) || []).map((c) => c[1]);
const shown = (v, x) => (v.classes ? classNames(v)[x] || text(x) : text(x, 5));
const settingName = (s) => DATA.keys.map((k, i) => `${shortKey(i)} ${k.values[DATA.settings[s].at[i]].text}`).join(", ") || "the one setting";

// Whether any setting was repeated.
const REPEATED = DATA.settings.some((s) => s.points.length > 1);
const valueOf = (v, p, i) => v.v[p * STEPS + i];
// What a setting's seeds are together: mean and half width of the band, or the majority of classes and how seeds split.
function together(v, s, i) {
  const at = s * STEPS + i, points = DATA.settings[s].points;
  const values = points.map((p) => [p, valueOf(v, p, i)]);
  const n = values.filter((q) => q[1] !== null).length;
  return { s, mean: v.mean[at], half: v.half ? v.half[at] : null, split: v.split ? v.split[at] || null : null, values, n, of: points.length };
}

function whyNot(v, p, i) {
  const at = p * STEPS + i, point = DATA.points[p];
  const run = (v.why || []).find((w) => at >= w[0] && at < w[0] + w[1]);
  if (run) return DATA.reasons[run[2]];
  if (point.last === null) return [point.status, point.reason].filter(Boolean).join(": ");
  const short = DATA.at[i] === null ? !point.finished : point.last < DATA.at[i];
  if (!short) return "not recorded at this step";
  return `the run ended at step ${point.last}${point.finished ? "" : ` (${[point.status, point.reason].filter(Boolean).join(": ")})`}`;
}
// Whether a cell without a value is a gap: a run that ended as planned, or that does not record the metric at this step, leaves none.
function isGap(v, cell, i) {
  return cell.mean === null && cell.values.some(([p]) => {
    const point = DATA.points[p], at = p * STEPS + i;
    return !point.finished || (v.why || []).some((w) => at >= w[0] && at < w[0] + w[1]);
  });
}
// Steps at which some setting of a list has a value.
const stepsWith = (v, list) => DATA.at.map((t, i) => [t, i]).filter(([t, i]) => t !== null && list.some((s) => v.mean[s * STEPS + i] !== null));
const seedName = (p) => (DATA.points[p].seed === "" ? DATA.points[p].dir || `point ${p + 1}` : `seed ${DATA.points[p].seed}`);

// The lines of a tooltip on a setting.
function tipLines(v, cell, i, first) {
  const out = [first];
  if (cell.mean !== null) {
    if (v.classes) out.push(cell.split ? cell.split.map((n, c) => (n ? `${classNames(v)[c]}: ${n} of ${cell.n}` : null)).filter(Boolean).join(", ") : `${classNames(v)[cell.mean]}, all ${cell.n} seeds`);
    else out.push(`${v.name}: ${text(cell.mean, 5)}${cell.half === null ? "" : ` \u00b1 ${text(cell.half, 2)}`}  (n = ${cell.n}${cell.n < cell.of ? ` of ${cell.of}` : ""}${cell.n === 1 ? ", no band" : ""})`);
  }
  const gone = cell.values.filter((q) => q[1] === null);
  for (const [p] of gone.slice(0, 4)) out.push(`no value, ${seedName(p)}: ${whyNot(v, p, i)}`);
  if (gone.length > 4) out.push(`and ${gone.length - 4} more without a value`);
  return out;
}

// The key that is most worth an axis, and what stands beside it.
const MAIN_KEY = Math.max(0, DATA.keys.findIndex((k) => k.name === "optimizer.lr") >= 0 ? DATA.keys.findIndex((k) => k.name === "optimizer.lr") : DATA.keys.findIndex((k) => k.numeric));
const SECOND_KEY = [DATA.keys.findIndex((k, i) => i !== MAIN_KEY && !k.numeric), DATA.keys.findIndex((_, i) => i !== MAIN_KEY)].find((i) => i >= 0) ?? -1;

// Settings whose values are those asked for: {key: value's place}.
const settingsWith = (want) => DATA.settings.map((s, i) => i).filter((i) => Object.entries(want).every(([k, v]) => DATA.settings[i].at[k] === v));
// The first step at which any setting has a value of it.
function firstWith(v) {
  for (let i = 0; i < STEPS; i++) for (let s = 0; s < DATA.settings.length; s++) if (v.mean[s * STEPS + i] !== null) return i;
  return null;
}
