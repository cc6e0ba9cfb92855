//! The model evaluated with the top or the bottom part of its singular values, beside training.

use std::sync::Arc;

use spectrum_core::{LayerRule, Reason, StepRows};
use spectrum_hook::{Task, matching};
use spectrum_linalg::{Part, Plan, Triplets};
use spectrum_models::{Network, Place, parameter, with_parameter};

use super::evaluate::{Scores, Sets};
use crate::TrainError;
use crate::config::InterventionsConfig;

/// What a run's interventions share.
pub(super) struct Interventions {
    config: InterventionsConfig,
    /// Paths of the parameters that are cut.
    paths: Vec<String>,
    place: Place,
}

/// The parameters that are cut: those that the globs name, or all matrices but the last in the model's order (arXiv 2408.11804, its code).
pub(super) fn paths(c: &InterventionsConfig, rules: &[LayerRule]) -> Result<Vec<String>, TrainError> {
    let mut all: Vec<String> = Vec::new();
    for path in rules.iter().flat_map(|r| &r.parameters) {
        if !all.contains(path) {
            all.push(path.clone());
        }
    }
    if c.layers.is_empty() {
        all.truncate(all.len().saturating_sub(1).max(1));
        return Ok(all);
    }
    Ok(matching(&c.layers, &all)?)
}

impl Interventions {
    pub fn new(c: &InterventionsConfig, rules: &[LayerRule], place: &Place) -> Result<Arc<Self>, TrainError> {
        Ok(Arc::new(Self { config: c.clone(), paths: paths(c, rules)?, place: place.clone() }))
    }

    pub fn records(&self, t: u64) -> bool {
        self.config.every.hits(t)
    }

    /// Scalars `<train|test>_<loss|accuracy>_<top|bottom>_<fraction>`. The training state is not touched.
    pub fn task<M: Network>(self: &Arc<Self>, sets: &Arc<Sets>, model: &M, step: u64) -> Task {
        let (all, sets, model) = (self.clone(), sets.clone(), model.valid());
        Box::new(move |plan| {
            let mut rows = StepRows::new(step);
            let found = all.paths.iter().filter_map(|p| decompose(&model, p, plan)).collect::<Result<Vec<_>, _>>();
            for keep in &all.config.keep {
                for fraction in &all.config.fractions {
                    let part = Part::from(*keep);
                    let scores = match &found {
                        Ok(layers) => all.cut(&model, layers, part, *fraction).map(|m| Scores::of(&sets, &m)),
                        Err(reason) => Err(reason.clone()),
                    };
                    let scores = scores.unwrap_or_else(|reason| Scores::missing(&sets, &reason));
                    for (name, outcome) in scores.named() {
                        rows.scalar(&format!("{name}_{part}_{fraction}"), outcome);
                    }
                }
            }
            rows
        })
    }

    fn cut<M: Network>(&self, model: &M, layers: &[Layer], part: Part, fraction: f64) -> Result<M, Reason> {
        let mut model = model.clone();
        for layer in layers {
            let mut values = vec![0.0; layer.elements];
            layer.triplets.kept(part, fraction, &mut values)?;
            model = with_parameter(&model, &layer.path, &values, &self.place);
        }
        Ok(model)
    }
}

struct Layer {
    path: String,
    elements: usize,
    triplets: Triplets,
}

/// The triplets of one parameter. Stored row-major with the first axis a, it is column-major of the other axes x a: the matrix of a dense
/// layer, and the transposed one of a convolution, whose parts are the transposed parts.
fn decompose<M: Network>(model: &M, path: &str, plan: &mut Plan) -> Option<Result<Layer, Reason>> {
    let (values, shape) = parameter(model, path)?;
    let cols = *shape.first()?;
    let rows = values.len() / cols.max(1);
    let triplets = Triplets::of(plan, &values, rows, cols).map_err(Reason::from);
    Some(triplets.map(|triplets| Layer { path: path.to_owned(), elements: values.len(), triplets }))
}
