// What metrics are called, and the classes that some metrics' values are codes of.
const GROUPS = [
  ["Norms", { frobenius_norm: "Frobenius norm", spectral_norm: "Spectral norm", nuclear_norm: "Nuclear norm" }],
  ["Ranks and concentration", { stable_rank: "Stable rank", effective_rank: "Effective rank", effective_rank_normalized: "Effective rank / min(m, n)", mass_rank_90: "Rank of 90 % of the mass", gini: "Gini coefficient" }],
  ["Tail", { alpha_hill: "Hill \u03b1 (median cut-off)", alpha: "Power-law \u03b1 (fit)", alpha_sigma: "Standard error of \u03b1", alpha_distance: "KS distance of the fit", xmin: "\u03bb at which the tail begins", tail_size: "Values in the tail", alpha_weighted: "\u03b1 log\u2081\u2080 \u03bb\u2081 (alpha-hat)", log_alpha_norm: "log\u2081\u2080 of \u03a3 \u03bb^\u03b1", alpha_farms: "\u03b1 of submatrices of one aspect", alpha_hill_bulk: "Hill \u03b1 without the outliers", tail_gof_p: "Goodness of fit, p", best_tail: "Best law of the tail", training_warning: "WeightWatcher\u2019s warning", shape_class: "Shape class" }],
  ["Against Marchenko\u2013Pastur", { mp_distance: "KS distance to the law", mp_variance: "Fitted entry variance", mp_edge: "Bulk edge (\u03bb)", top_to_edge: "Largest \u03bb / edge", outliers: "Outliers", outliers_initial: "Outliers, variance of W\u2080" }],
  ["Alignment", { teacher_alignment: "Alignment with the teacher |cos|", label_alignment: "Alignment with the labels |cos|", kta: "Kernel-target alignment", kta_centred: "Kernel-target alignment, centred", kta_train: "Kernel-target alignment, training set", ridge_test_loss: "Test loss, refitted readout", update_overlap_left: "Overlap with the update, left cos\u00b2", update_overlap_right: "Overlap with the update, right cos\u00b2", agreement_left: "Agreement with the step before, left", agreement_right: "Agreement with the step before, right", subspace_agreement_left: "Agreement of subspaces, left", subspace_agreement_right: "Agreement of subspaces, right", alignment_score: "Alignment score", agreement_score: "Agreement score" }],
  ["Agreement of singular vectors over time", { agreement_score_final: "Score, with the final weights", agreement_score_initial: "Score, with the initial weights", agreement_score_previous: "Score, with the step before", agreement_baseline: "Score of independent directions", subspace_agreement_final: "Subspaces, with the final weights", subspace_agreement_initial: "Subspaces, with the initial weights", subspace_agreement_previous: "Subspaces, with the step before", subspace_baseline: "Subspaces, independent" }],
];

// Scalars that are numbers of the run as a whole: what they are, and the unit of their values; some have none.
const RUN_NUMBERS = {
  generalization_step: ["Generalisation: first recorded step with the test accuracy above the threshold (dynamics.threshold)", "optimizer steps"],
  half_rank_drop_step: ["First recorded step with half of the mean rank\u2019s fall done", "optimizer steps"],
  rank_lag: ["Half of the rank\u2019s fall minus generalisation (below 0: the rank falls first)", "optimizer steps"],
  rank_drop_before_generalization: ["Share of the rank\u2019s fall done at generalisation", "of the fall"],
  effective_rank_mean: ["Mean normalised effective rank of the weight matrices"],
  data_epsilon: ["\u03b5 of the kernels\u2019 samples: largest deviation from orthonormality"],
  data_rms_product: ["Root mean square of the inner products of two of the kernels\u2019 samples"],
  data_bound: ["B of the kernels\u2019 samples: bound in their (\u03b5, B)-orthonormality"],
  linear_test_loss: ["Test loss of the linear model (ridge)"],
  initial_kernel_test_loss: ["Test loss of the kernel at the start"],
  train_loss: ["Training loss"],
  test_loss: ["Test loss"],
  train_accuracy: ["Training accuracy", "of the samples correct"],
  test_accuracy: ["Test accuracy", "of the samples correct"],
  test_r2: ["Explained share of the test targets\u2019 variance, R\u00b2"],
  learning_rate: ["Learning rate"],
};

const metricTitle = (name) => { for (const [, names] of GROUPS) if (names[name]) return names[name]; return name; };
// A metric whose values are codes: [[code, name], ...]; null for a number.
const codesOf = (name) => (DATA.codes[name] ? DATA.codes[name].map((word, i) => [i, word]) : null);
const codeName = (codes, v) => (codes.find((c) => c[0] === v) || [0, text(v)])[1];
