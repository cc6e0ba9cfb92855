//! Is it the tail or the norm? The feature probe again with part of the trained weight put back to what it was.

use std::sync::Arc;

use spectrum_core::{Kind, MatrixId, Outcome, Reason, Record, StepRows};
use spectrum_hook::Task;
use spectrum_linalg::Plan;
use spectrum_measure::feature_probe::FeatureProbe;
use spectrum_measure::substitute;
use spectrum_models::{Network, Place, parameter, with_parameter};

use super::evaluate::{Sets, read};

/// What takes the place of W_t.
type Substitute = fn(&[f64], &[f64], usize, usize, &mut Plan) -> Result<Vec<f64>, Reason>;

const ALL: [(&str, Substitute); 3] = [
    ("matched_norm", |w, w0, _, _, _| substitute::matched_norm(w, w0)),
    ("initial_values", substitute::initial_values),
    ("final_values", substitute::final_values),
];

/// The refit's test loss and the alignment with the features layer's weight W_t replaced by W_t with the Frobenius norm of
/// W_0, by W_t with the singular values of W_0, and by W_0 with those of W_t. `None` where there is no probe set, or the
/// features come from no matrix.
pub(super) fn task<M: Network>(sets: &Arc<Sets>, place: &Place, initial: &M, model: &M, step: u64) -> Option<Task> {
    let layer = sets.probe.as_ref()?.layer.clone();
    let (w0, shape) = parameter(initial, &layer)?;
    let [cols, rows] = shape[..] else { return None };
    let (sets, place, model) = (sets.clone(), place.clone(), model.clone());
    Some(Box::new(move |plan| {
        let mut out = StepRows::new(step);
        let (Some(p), Some((w, _))) = (&sets.probe, parameter(&model, &layer)) else { return out };
        let id = MatrixId { step, layer: layer.clone(), kind: Kind::Ck, view: "features".into() };
        for (name, make) in ALL {
            let fit = make(&w, &w0, rows, cols, plan).and_then(|values| {
                let other = with_parameter(&model, &layer, &values, &place);
                let (features, h) = read(&other, &p.probe, p.input_scale);
                let (test_features, _) = read(&other, &sets.test, p.input_scale);
                let probe = FeatureProbe {
                    features: &features,
                    h,
                    n: p.probe.n,
                    labels: &p.labels,
                    test_features: &test_features,
                    test_labels: &p.test_labels,
                    ridge_lambda: p.lambda,
                };
                Ok(probe.fit()?)
            });
            let answers = match fit {
                Ok(fit) => [fit.kta, fit.ridge.test_loss.into()],
                Err(reason) => [Outcome::Missing(reason.clone()), Outcome::Missing(reason)],
            };
            for (metric, outcome) in ["kta", "ridge_test_loss"].into_iter().zip(answers) {
                out.records.push(Record { id: id.clone(), metric: format!("{metric}_{name}"), outcome });
            }
        }
        out
    }))
}
