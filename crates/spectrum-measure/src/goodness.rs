//! Whether the fitted power law is plausible at all: the semi-parametric bootstrap of Clauset, Shalizi and Newman. Not part
//! of the battery: it fits hundreds to thousands of synthetic spectra.

use rand_chacha::rand_core::Rng;
use spectrum_core::{MatrixId, Outcome, Reason, Spectrum, StepRows};
use spectrum_law::shuffle::stream;
use spectrum_tail::{BootstrapOptions, FitOptions, GoodnessOfFit, goodness_of_fit};

use crate::battery::record;
use crate::measures::tail_fit;

/// Metrics of [`measure`], in the order of the records: the share of synthetic spectra that lie at least as far from their
/// own fit, its standard error, and how many were drawn. Clauset, Shalizi and Newman rule the power law out at p <= 0.1; a
/// large p is no proof, least of all with a short tail.
pub const METRICS: [&str; 3] = ["tail_gof_p", "tail_gof_p_error", "tail_gof_draws"];

/// Fits the tail, tests the fit, and appends the records of [`METRICS`] under the matrix's identity.
///
/// `options` are those of the battery's tail. The draws are keyed by the bootstrap's seed, the step, the layer and the view:
/// no two matrices share them, and an answer does not depend on what else is measured.
pub fn measure(
    id: &MatrixId,
    spectrum: Result<&Spectrum, &Reason>,
    options: &FitOptions,
    bootstrap: &BootstrapOptions,
    rows: &mut StepRows,
) {
    let seed = stream(bootstrap.seed, id.step, &id.layer, &id.view).next_u64();
    let answer = spectrum.map_err(Clone::clone).and_then(|s| {
        let fit = tail_fit(s, options)?;
        let bootstrap = BootstrapOptions { seed, ..*bootstrap };
        Ok(goodness_of_fit(&s.eigenvalues(), s.floor * s.floor, options, &fit, &bootstrap)?)
    });
    let of = |f: fn(&GoodnessOfFit) -> f64| Outcome::from(answer.as_ref().map(f).map_err(Clone::clone));
    let outcomes = [of(|g| g.p), of(|g| g.standard_error), of(|g| g.draws as f64)];
    rows.records.extend(METRICS.iter().zip(outcomes).map(|(metric, o)| record(id, metric, o)));
}
