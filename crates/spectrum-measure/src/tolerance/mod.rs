//! What two backends may differ by: the cross-backend contract, metric by metric.
//!
//! Two runs of one config start from the same bits (initial weights and data are drawn on the host and rounded to f32 for
//! both precisions) and differ afterwards by rounding alone. The allowances below are derived, not fitted:
//!
//! 1. **Gradient.** An entry is a sum of about K products that each backend adds in its own order. Rounding errors behave
//!    like a random walk (Higham and Mary, SIAM J. Sci. Comput. 41 (2019) A2815), so two backends differ by
//!    `g = sqrt(2 K) u` relative to the root mean square of the gradient, with the unit roundoff u = 6e-8 (f32).
//! 2. **Update.** Adam, RMSprop and sign descent divide by the size of the entry. Where |G_ij| is below the rounding error
//!    the sign is arbitrary: a share f = 0.8 g of the entries (the density of a normal at zero) may flip and differs by
//!    twice the step. If fewer than one entry flips, the smallest ones still carry errors g/|G_ij|, whose root mean square
//!    is g sqrt(N p). So one entry of the update differs by `a = min(2 sqrt(f), 2 g sqrt(N p))` of the step: for f32 at
//!    600 x 400 that is 3e-3, and it is why weight entries are not under the contract.
//! 3. **Singular values.** Such differences point nowhere: to first order s_i moves by <u_i v_i^T, dW>, one random
//!    component of dW, which is |dW|_F/sqrt(N p). With an update of Frobenius norm 1.25 s_1 (the first step of Adam is
//!    nearly rank one, s_1 = 0.8 |M|_F) and the coherent part g, one step moves a value by
//!    `1.25 a/sqrt(N p) + g` of s_1; t steps by sqrt(t) as much; the largest of p values by 3.3 as much (p about 1000):
//!
//!    `delta(t) = 3.3 sqrt(t) (1.25 a / sqrt(N p) + g)`
//!
//!    which is 3.1e-5 sqrt(t) for f32 at 600 x 400 and 6e-14 sqrt(t) for f64. Measured on ten Adam steps of the quickstart:
//!    7e-6, where the formula allows 1e-4.
//! 4. **Metrics** are functions of the singular values; the table in [`Setting::tolerance`] multiplies delta by the
//!    sensitivity that is written beside each. Counts jump: a value within the tolerance of the edge may fall on either
//!    side, and one value more in the trimmed fit moves its variance by 2/p.
//!
//! Updates and gradients are small beside the weights whose rounding they inherit (s_1(W)/s_1(M) reaches 13 in the
//! quickstart): their delta is 25 times larger. A displacement's is 4 times larger (|D|_F/s_1(D) up to 5 instead of 1.25).
//!
//! A kernel is made of features and derivatives, each a smooth function of the weights, and is quadratic in both: with
//! K = F^T F an eigenvalue lambda = s(F)^2 moves by 2 s ds, that is by 2 delta sqrt(lambda lambda_1), and a tangent kernel is the
//! product of two such factors. Its delta is 4 times larger, and never that of step 0: a forward pass is rounded there too.
//!
//! Some metrics are chosen by a scan or a threshold and may jump; [`Coverage`] says which, and under what condition they are
//! compared.
//!
//! The contract ends at [`HORIZON`]: beyond it, and at learning rates that make training chaotic, differences grow
//! exponentially and only statistics can be compared.

mod coverage;

use spectrum_core::{Kind, Precision};

pub use coverage::Coverage;

use crate::null;

/// The last step that the contract covers.
pub const HORIZON: u64 = 50;

/// How far two answers of one metric may be apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Share of the larger of the two sizes (for `singular_values`: of the largest singular value).
    pub relative: f64,
    /// In the metric's own unit.
    pub absolute: f64,
}

impl Tolerance {
    /// No difference at all.
    pub const EXACT: Self = Self { relative: 0.0, absolute: 0.0 };

    /// Whether `|a - b| <= absolute + relative max(|a|, |b|)`.
    #[must_use]
    pub fn allows(&self, a: f64, b: f64) -> bool {
        (a - b).abs() <= self.absolute + self.relative * a.abs().max(b.abs())
    }
}

/// The precisions of the two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrecisionPair(pub Precision, pub Precision);

impl PrecisionPair {
    /// Unit roundoff of the coarser side: it alone sets the difference.
    #[must_use]
    pub fn unit_roundoff(self) -> f64 {
        0.5 * self.0.epsilon().max(self.1.epsilon())
    }
}

/// Everything that a tolerance depends on beside the metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// The precisions of the two runs.
    pub precisions: PrecisionPair,
    /// Optimizer steps done.
    pub step: u64,
    /// The kind of matrix; weights if it is not said.
    pub kind: Kind,
    /// Rows and columns of the matrix. For scalars, of the layer that is trained.
    pub shape: (usize, usize),
}

/// The shape when none is known: the hidden layer of the quickstart. Smaller matrices have larger tolerances.
const QUICKSTART: (usize, usize) = (600, 400);
/// The shortest sum that is reckoned with: batches of a thousand samples.
const SHORTEST_SUM: usize = 1024;
/// What identical arithmetic may differ by: the host code on another processor (fused multiply-add or not).
const HOST: f64 = 1e-12;

impl Setting {
    /// A weight of the quickstart's shape.
    #[must_use]
    pub fn new(precisions: PrecisionPair, step: u64) -> Self {
        Self { precisions, step, kind: Kind::Weight, shape: QUICKSTART }
    }

    /// delta: how far a singular value may move, relative to the largest one. 0 at step 0 for weights, which are equal
    /// bit for bit, and never for kernels.
    #[must_use]
    pub fn delta(&self) -> f64 {
        let (rows, cols) = (self.shape.0.max(1) as f64, self.shape.1.max(1) as f64);
        let sum = self.shape.0.max(self.shape.1).max(SHORTEST_SUM) as f64;
        let g = (2.0 * sum).sqrt() * self.precisions.unit_roundoff();
        let size = (rows * cols).sqrt();
        let entry = (2.0 * (0.8 * g).sqrt()).min(2.0 * g * size);
        let kind = match self.kind {
            Kind::Weight => 1.0,
            Kind::Displacement | Kind::Ck | Kind::Ntk => 4.0,
            Kind::Update | Kind::Gradient => 25.0,
        };
        let step = if matches!(self.kind, Kind::Ck | Kind::Ntk) { self.step.max(1) } else { self.step };
        kind * 3.3 * (step as f64).sqrt() * (1.25 * entry / size + g)
    }

    /// How the contract treats a metric, a scalar, or `singular_values`; `None` for a name that it does not know.
    #[must_use]
    pub fn coverage(&self, metric: &str) -> Option<Coverage> {
        self.conditional(metric).or_else(|| self.tolerance(metric).map(Coverage::Always))
    }

    /// The tolerance of a metric, a scalar, or `singular_values` that is compared always; `None` for a name that the
    /// contract does not know and for metrics that it covers only under a condition ([`coverage`](Self::coverage)).
    ///
    /// A null (`null_...`, `rotated_...`) has the tolerance of the metric that it repeats: a rotation turns an error of the
    /// displacement into one of the same size, and errors of updates that add up at random did so before.
    #[must_use]
    pub fn tolerance(&self, metric: &str) -> Option<Tolerance> {
        let delta = self.delta();
        let count = self.shape.0.min(self.shape.1).max(1) as f64;
        let root = count.sqrt();
        let started = if self.step > 0 { 1.0 } else { 0.0 };
        // A forward pass is rounded at step 0 too.
        let forward = Self { step: self.step.max(1), kind: Kind::Weight, ..*self }.delta();
        let relative = |r: f64| Tolerance { relative: r + HOST, absolute: 0.0 };
        let absolute = |a: f64| Tolerance { relative: HOST, absolute: a };
        Some(match null::repeated(metric).unwrap_or(metric) {
            "singular_values" | "spectral_norm" | "frobenius_norm" => relative(delta),
            // sum of p independent errors delta s_1, against a sum of at least s_1.
            "nuclear_norm" => relative(root * delta),
            // Two squares each: 2 (delta + delta).
            "stable_rank" => relative(4.0 * delta),
            // dH = -sum (ln p_i + H) ds_i / sum s, with |ln p_i + H| about 3 where the mass is.
            "effective_rank" => relative(3.0 * root * delta),
            "effective_rank_normalized" => relative(3.0 * root * delta),
            // A mean over matrices, of which the scalar knows the smallest: the largest may be ten times as wide.
            "effective_rank_mean" => relative(10.0 * root * delta),
            // A partial sum moves by root delta; each value near 90 % holds more than that, so the count by one.
            "mass_rank_90" => absolute(started),
            // Weights of size one on each value, in the numerator and in the sum.
            "gini" => absolute(2.0 * root * delta),
            // d alpha = 2 (alpha - 1)^2 ds/s at the median; (alpha - 1)^2 s_1/s_median is at most 30 (one strong spike).
            "alpha_hill" => absolute(60.0 * delta),
            // lambda = s^2 at quantiles whose s is at least s_1/20: 2 * 20; and one value more or less in the fit.
            "mp_variance" | "mp_edge" => relative(40.0 * delta + 2.0 * started / count),
            "top_to_edge" | "mp_soft_rank" => relative(42.0 * delta + 2.0 * started / count),
            "outlier_p" => absolute(self.outlier_p()),
            // dF = x f(x) dx/x with x f(x) < 1/2; one value is a jump of 1/p.
            "mp_distance" => absolute(20.0 * delta + started / count),
            "outliers" | "outliers_initial" => absolute(started),
            // The values near the threshold are few: it lies a seventh above the edge of a square bulk.
            "gavish_donoho_rank" => absolute(started),
            // A quotient of spacings, s_1/20 over n at least: an error of 2 * 20 n delta each, three times that as small
            // spacings weigh more, in a mean of n; and one value more or less in the bulk.
            "spacing_ratio" => absolute(120.0 * root * delta + started / count),
            "spacing_ratio_error" => absolute(120.0 * delta + started / count),
            // log10 of a square: 2/ln 10 delta.
            "log_norm" | "log_spectral_norm" => absolute(delta),
            // (sum lambda)^2 and sum lambda^2: 2 * 2 delta and 4 delta.
            "participation_ratio" => relative(8.0 * delta),
            // The least of many suprema moves by no more than each: y = (alpha - 1) ln(x/xmin) and F = 1 - exp(-y) by
            // (alpha - 1) (2 + 1/e) 2 ds/s, where (alpha - 1) s_1/s is at most 30.
            "alpha_distance" => absolute(150.0 * delta),
            // The sum of logarithms vanishes where its terms are of order one; an error of root delta moves it past one.
            "erg_size" => absolute(started),
            // Host arithmetic from the shape alone.
            "alpha_hill_gaussian" | "alpha_hill_gaussian_sd" | "alignment_baseline" | "agreement_baseline" => {
                relative(0.0)
            }
            // The same order of entries; s_1 of W is at most 20 times that of the shuffled one.
            "shuffled_top" | "ww_soft_rank" => relative(42.0 * delta),
            "shuffled_outliers" => absolute(started),
            // Two sorted distributions, dp = 2 s ds/sum lambda: sqrt(sum dp^2/(8 p)) < root delta/1.4 each.
            "random_distance" => absolute(2.0 * root * delta),
            // As alpha_hill; the windows hold about half of s_1.
            "alpha_farms" => absolute(120.0 * delta),
            "farms_side" | "farms_windows" => Tolerance::EXACT,
            // A vector turns by delta s_1/gap, and the gap below s_1 is at least a hundredth of it.
            "teacher_alignment"
            | "teacher_projection"
            | "alignment_top"
            | "agreement_left"
            | "agreement_right"
            | "update_overlap_left"
            | "update_overlap_right"
            | "update_overlap_left_after"
            | "update_overlap_right_after" => absolute(100.0 * delta),
            // A kernel's delta d bounds dlambda <= d/2 sqrt(lambda lambda_1): of the trace d/2 sqrt(tr K lambda_1).
            "top_eigenvalue" | "trace_mean" => relative(delta),
            // As alpha: lambda_1/lambda in the tail at most 400, (alpha - 1)^2 sqrt(lambda_1/lambda) at most 400.
            "alpha_hill_top" => absolute(200.0 * delta),
            // d + d/2 sqrt(lambda_1/lambda), with lambda_1/lambda at most 1e3 and 1e4.
            "eigenvalue_ratio_1_2" => relative(20.0 * delta),
            "eigenvalue_ratio_1_10" | "eigenvalue_ratio_2_median" => relative(60.0 * delta),
            // y^T dK y/(|K_c|_F |y|^2), with lambda_1/|K_c|_F at most 20.
            "kta_centred" => absolute(20.0 * delta),
            // As teacher_alignment: the gap below lambda_1 is at least a hundredth of it.
            "label_overlap" => absolute(100.0 * delta),
            // |dK|_F and |dK|_2 of n errors delta lambda_1 in random directions.
            "change_frobenius" | "change_spectral" => absolute(root * delta),
            // lambda F'(lambda) of order one, dlambda/lambda = d/2 sqrt(lambda_1/lambda) with lambda_1/lambda at most 1e4, of two
            // samples; and one value of each on the other side of a step.
            "change_ks" | "change_ks_matched" => absolute(100.0 * delta + 2.0 / count),
            // As mp_distance; W_0 is the same to the last bit.
            "initial_distance" => absolute(20.0 * delta + started / count),
            // |dT|_F^2 and |G|_F^2 move by 2 delta |T|_F s_1 and 2 delta s_1 |G|_F; parts may be larger than G.
            "s1_share" | "s12_share" | "s2_share" | "sq_share" | "e_share" | "joint_share" => {
                Tolerance { relative: 4.0 * delta + HOST, absolute: 4.0 * delta }
            }
            "best_rank_1_share" | "best_rank_2_share" | "best_rank_3_share" => relative(4.0 * delta),
            // |G b| with a fixed b, twice for the square; b itself turns by delta.
            "input_side_s1_share" | "input_side_spike_share" => absolute(6.0 * delta),
            // |W b| with a fixed b.
            "weight_spike_length" => relative(100.0 * delta),
            // A difference of two matrices that move by delta s_1 each, over s_1.
            "residual_s1" | "residual_s1_s2" | "residual_s1_sq" => {
                Tolerance { relative: delta + HOST, absolute: 2.0 * delta }
            }
            // As teacher_alignment.
            "input_side_s1_alignment_1"
            | "input_side_spike_alignment_1"
            | "output_side_s1_alignment_1"
            | "output_side_s2_alignment_1"
            | "input_side_mean_alignment_1"
            | "output_side_mean_alignment_1" => absolute(100.0 * delta),
            // Means of a smooth function of the pre-activations, which move as the weights do.
            "mean_derivative" | "derivative_spread" => relative(10.0 * forward),
            // A quotient of norms of features that went through f32 once.
            "kta" | "kta_train" | "kta_matched_norm" | "kta_final_values" => relative(10.0 * forward),
            // The refit's condition number (s_1^2 + lambda n)/(lambda n) is about 1e4 here; errors enter by its root.
            "ridge_test_loss" | "ridge_train_loss" | "initial_kernel_test_loss" => relative(100.0 * forward),
            "ridge_test_loss_matched_norm" | "ridge_test_loss_final_values" => relative(100.0 * forward),
            // Pairs of vectors turn into each other by delta s_1/gap, which moves the matrix by that times the gap of the
            // initial values: gaps of one order, so an error as large as that of W_t (measured 1.1 to 1.2 times), and now
            // and then a pair of W_t that lies closer.
            "kta_initial_values" => relative(20.0 * forward),
            "ridge_test_loss_initial_values" => relative(200.0 * forward),
            // The loss is a mean over n samples of residuals that differ by a each: 2 a/sqrt(n), about 10 delta.
            "train_loss" | "test_loss" => relative(10.0 * forward),
            // Samples whose two leading outputs are within the error of each other.
            "train_accuracy" | "test_accuracy" => absolute(0.01 * started),
            // Host arithmetic in f64 on the same data.
            "linear_test_loss" | "data_epsilon" | "data_rms_product" | "data_bound" => relative(0.0),
            "learning_rate" => Tolerance::EXACT,
            _ => return None,
        })
    }
}

/// The tolerance of a metric for a matrix of the quickstart's shape; [`Setting`] knows the kind and the shape.
#[must_use]
pub fn tolerance(metric: &str, precisions: PrecisionPair, step: u64) -> Option<Tolerance> {
    Setting::new(precisions, step).tolerance(metric)
}

/// The smallest difference of a metric that means anything for data in f32: its tolerance after one step. A value below
/// the spectrum's floor that cannot change a metric by more is no reason to refuse it.
#[must_use]
pub(crate) fn resolution(metric: &str, rows: usize, cols: usize) -> Tolerance {
    let setting = Setting { shape: (rows, cols), ..Setting::new(PrecisionPair(Precision::F32, Precision::F32), 1) };
    match setting.coverage(metric) {
        Some(Coverage::Always(tolerance) | Coverage::Where { tolerance, .. }) => tolerance,
        _ => Tolerance::EXACT,
    }
}
