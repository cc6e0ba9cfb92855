//! Which metrics the contract speaks of, and under which condition.

use super::{Setting, Tolerance};

/// How the contract treats a metric.
///
/// Most metrics are continuous in the singular values, or counts that move by one. A few are chosen by the minimum or the
/// threshold of a scan that is not: two cut-offs of a tail fit may have distances that differ by less than rounding, and
/// the one that wins decides about every number of the fit. No tolerance on such a number is both honest and small; what
/// can be promised is that equal choices give equal numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Coverage {
    /// Compared always.
    Always(Tolerance),
    /// Compared where the two runs agree exactly on another metric of the same matrix.
    Where {
        /// The metric that must be equal.
        equal: &'static str,
        /// What is allowed then.
        tolerance: Tolerance,
    },
    /// Not under the contract, and why.
    Not(&'static str),
}

/// Of `tail_size` itself.
const SCAN: &str = "the minimum over a scan of cut-offs, two of which may differ by less than rounding";
const THRESHOLD: &str = "changes where a number crosses a threshold";
const ZEROS: &str = "counts entries that are exactly zero";
const DIFFERENCE: &str = "a difference of two numbers that may be nearly equal";
const NEAR_FLOOR: &str = "counts values near the floor, which are the run's own rounding where a matrix has low rank";
const SMALLEST: &str = "the smallest value moves by delta of the largest: by delta times the number itself";
const LAWS: &str = "against a law that a solver finds from the run's own data; the eigenvalues themselves are compared";
const TURNS: &str =
    "vectors of neighbouring values turn into each other; only the gap below the kept ones would bound it";
const PARTS: &str = "a size or a quotient of parts that may cancel; the shares are compared";
const ROUNDING: &str = "the run's own rounding";
const CUT: &str = "cuts a spectrum between two values, whose vectors turn into each other where they are near";
const REFIT: &str = "follows a tail fit and a random stream; two analyses of one file agree to the last bit";

/// TW_1's density is nowhere larger.
const TRACY_WIDOM_DENSITY: f64 = 0.33;
/// Draws behind `mp_p` (a share of them may fall between the two distances).
const NULL_STEP: f64 = 0.03;

impl Setting {
    /// Metrics that are not compared always; `None` for all others.
    pub(super) fn conditional(&self, metric: &str) -> Option<Coverage> {
        let delta = self.delta();
        let count = self.shape.0.min(self.shape.1).max(1) as f64;
        let fit = |absolute, relative| Coverage::Where { equal: "tail_size", tolerance: host(absolute, relative) };
        let bulk = |absolute, relative| Coverage::Where { equal: "outliers", tolerance: host(absolute, relative) };
        Some(match metric {
            "tail_size" => Coverage::Not(SCAN),
            // d alpha = 2 (alpha - 1)^2 ds/s with s at least s_1/20 in the tail, (alpha - 1)^2 s_1/s at most 100 (a steep
            // tail is a narrow one).
            "alpha" => fit(200.0 * delta, 0.0),
            // (alpha - 1)/sqrt(tail_size) of one tail_size, at least 2.
            "alpha_sigma" => fit(150.0 * delta, 0.0),
            // lambda at s of at least s_1/20.
            "xmin" => fit(0.0, 40.0 * delta),
            // alpha log10 lambda_1, and a mean of log10 lambda weighted by lambda^alpha: |log10 lambda| up to 6.
            "alpha_weighted" | "log_alpha_norm" => fit(1200.0 * delta, 0.0),
            // erg_size moves by one.
            "erg_gap" => fit(if self.step > 0 { 1.0 } else { 0.0 }, 0.0),
            "erg_edge" => Coverage::Where { equal: "erg_size", tolerance: host(0.0, 40.0 * delta) },
            "training_warning" | "shape_class" => Coverage::Not(THRESHOLD),
            "rank" => Coverage::Not(NEAR_FLOOR),
            "dead_rows" | "dead_cols" => Coverage::Not(ZEROS),
            "ww_max_distance" | "test_r2" => Coverage::Not(DIFFERENCE),
            // dH = -sum (ln p + H) dp, dp = 2 s ds/sum lambda: 6 delta s_1/|W|_F, over ln rank >= ln 2.
            "entropy" => Coverage::Where { equal: "rank", tolerance: host(9.0 * delta, 0.0) },
            "condition_number" | "smallest_eigenvalue" => Coverage::Not(SMALLEST),
            "label_overlap_10" => Coverage::Not(TURNS),
            "identity_residue" => Coverage::Not(ROUNDING),
            "s1_norm"
            | "s12_norm"
            | "s2_norm"
            | "sq_norm"
            | "e_norm"
            | "s1_to_s2"
            | "s1_to_sq"
            | "s1_to_e"
            | "second_value_to_e"
            | "e_stable_rank"
            | "input_side_s1_length"
            | "input_side_spike_length"
            | "latent_residual_alignment" => Coverage::Not(PARTS),
            "input_side_s1_alignment_2"
            | "input_side_spike_alignment_2"
            | "input_side_overlap"
            | "output_side_s1_alignment_2"
            | "output_side_s2_alignment_2"
            | "output_side_overlap"
            | "input_side_mean_alignment_2"
            | "input_side_mean_alignment_3"
            | "output_side_mean_alignment_2"
            | "output_side_mean_alignment_3" => Coverage::Not(TURNS),
            m if m.starts_with("law_") || m.starts_with("surrogate_") => Coverage::Not(LAWS),
            // theta^2 by the inverse of lambda(theta), whose slope vanishes at the threshold; an outlier keeps four widths
            // away from it. lambda and variance have 42 and 40 delta.
            "spike_strength" => bulk(0.0, 0.5 * (42.0 * self.spike_slope() + 40.0) * delta),
            // 1 - O(1/t^2): twice the relative error of theta^2.
            "spike_left_overlap" | "spike_right_overlap" => bulk(2.0 * (42.0 * self.spike_slope() + 40.0) * delta, 0.0),
            // As alpha and mp_distance: without the outliers the values lie closer together, and further below s_1.
            "alpha_hill_bulk" => bulk(200.0 * delta, 0.0),
            "mp_bulk_distance" => bulk(20.0 * delta, 0.0),
            // The null distance has a density of at most 1.3 per 1/n; mp_distance has 20 delta.
            "mp_p" => bulk(26.0 * count * delta + if self.step > 0 { NULL_STEP } else { 0.0 }, 0.0),
            "agreement_score"
            | "alignment_score"
            | "subspace_agreement_left"
            | "subspace_agreement_right"
            | "agreement_score_final"
            | "subspace_agreement_final"
            | "agreement_score_initial"
            | "subspace_agreement_initial"
            | "agreement_score_previous"
            | "subspace_agreement_previous" => Coverage::Not(TURNS),
            // Of the kept vectors, whose number changes where a value falls under the floor.
            "subspace_baseline" => Coverage::Not(NEAR_FLOOR),
            "generalization_step" | "half_rank_drop_step" | "rank_lag" | "rank_drop_before_generalization" => {
                Coverage::Not(THRESHOLD)
            }
            m if ["train_", "test_"].iter().any(|p| m.starts_with(p))
                && (m.contains("_top_") || m.contains("_bottom_")) =>
            {
                Coverage::Not(CUT)
            }
            m if m.starts_with("tail_vs_") || m.starts_with("tail_gof_") || m == "best_tail" => Coverage::Not(REFIT),
            _ => return None,
        })
    }

    /// The tolerance of `outlier_p`: the density of the Tracy-Widom law times the error of the largest eigenvalue and of
    /// the edge, in widths.
    pub(super) fn outlier_p(&self) -> f64 {
        let started = if self.step > 0 { 1.0 } else { 0.0 };
        let (long, short) = self.sides();
        let edge_over_width = (long.sqrt() + short.sqrt()) / (long.sqrt().recip() + short.sqrt().recip()).cbrt();
        (TRACY_WIDOM_DENSITY * edge_over_width * (42.0 * self.delta() + 2.0 * started / short)).min(1.0)
    }

    /// d ln t/d ln lambda for the weakest spike that counts as an outlier, t = theta^2/sigma^2: with the eigenvalue four
    /// widths w above the edge, t = sqrt(N p) (1 + e) and e^2 = 4 w/sqrt(N p).
    fn spike_slope(&self) -> f64 {
        let (long, short) = self.sides();
        let root = (long * short).sqrt();
        let sum = long.sqrt() + short.sqrt();
        let width = sum * (long.sqrt().recip() + short.sqrt().recip()).cbrt();
        let e = (4.0 * width / root).sqrt();
        // lambda/(t dlambda/dt) = (t + N)(t + p)/(t^2 - N p), at t = root (1 + e).
        let t = root * (1.0 + e);
        (t + long) * (t + short) / (t * t - long * short)
    }

    fn sides(&self) -> (f64, f64) {
        let (a, b) = (self.shape.0.max(1) as f64, self.shape.1.max(1) as f64);
        (a.max(b), a.min(b))
    }
}

/// A tolerance with the allowance for host arithmetic.
fn host(absolute: f64, relative: f64) -> Tolerance {
    Tolerance { absolute, relative: relative + super::HOST }
}
