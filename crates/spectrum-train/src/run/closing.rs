//! What is known of a run only at its end, from its rows: when things happened, and how its vectors agree with those of other
//! moments.

use std::collections::BTreeMap;
use std::path::Path;

use spectrum_core::{Kind, MatrixId, Outcome, Reason, SpectrumRow, StepRows};
use spectrum_measure::agreement::{Pairs, Reference, against, baselines};
use spectrum_measure::events::{first_above, half_drop, share_before};
use spectrum_store::{Filter, RunReader};

use super::writer::Shared;
use crate::TrainError;
use crate::config::{DynamicsConfig, Moment};

/// Adds what is known at the end to the steps that it belongs to.
pub(super) fn add(dir: &Path, writer: &Shared, c: &DynamicsConfig) -> Result<(), TrainError> {
    // With a rollback journal the last steps may not be committed yet.
    writer.flush()?;
    Ok(writer.amend(&rows(dir, c)?)?)
}

/// Rows that belong to steps of the run, in the order of the steps.
fn rows(dir: &Path, c: &DynamicsConfig) -> Result<Vec<StepRows>, TrainError> {
    let reader = RunReader::open(dir)?;
    let mut steps: BTreeMap<u64, StepRows> = BTreeMap::new();
    events(&reader, c, &mut steps)?;
    agreements(&reader, &c.agreement, &mut steps)?;
    Ok(steps.into_values().collect())
}

fn at(steps: &mut BTreeMap<u64, StepRows>, step: u64) -> &mut StepRows {
    steps.entry(step).or_insert_with(|| StepRows::new(step))
}

/// A matrix that is a parameter of its own, and no head, gate or position of one.
fn whole(id: &MatrixId) -> bool {
    matches!(id.view.as_str(), "matrix" | "stacked" | "flatten")
}

/// Scalars: `effective_rank_mean` at every recorded step, the mean of the normalised effective rank over the recorded weights; at the
/// last step `generalization_step`, `half_rank_drop_step`, `rank_lag` (the second less the first: positive where the rank falls later)
/// and `rank_drop_before_generalization`, the share of the rank's fall that had happened when the network generalised.
fn events(reader: &RunReader, c: &DynamicsConfig, steps: &mut BTreeMap<u64, StepRows>) -> Result<(), TrainError> {
    let ranks = reader.records_where(&Filter::new().kind(Kind::Weight).name("effective_rank_normalized"))?;
    let mut by_step: BTreeMap<u64, Vec<Result<f64, Reason>>> = BTreeMap::new();
    for r in ranks.into_iter().filter(|r| whole(&r.id)) {
        let value = match r.outcome {
            Outcome::Value(v) => Ok(v),
            Outcome::Missing(reason) => Err(reason),
        };
        by_step.entry(r.id.step).or_default().push(value);
    }
    let Some(last) = reader.last_step()? else { return Ok(()) };
    let mut series = (Vec::new(), Vec::new());
    for (step, values) in by_step {
        let count = values.len() as f64;
        let mean = values.into_iter().sum::<Result<f64, Reason>>().map(|sum| sum / count);
        if let Ok(mean) = mean {
            series.0.push(step);
            series.1.push(mean);
        }
        at(steps, step).scalar("effective_rank_mean", mean);
    }
    let accuracy = reader.scalars_where(&Filter::new().name("test_accuracy"))?;
    if accuracy.is_empty() {
        return Ok(());
    }
    let (times, values): (Vec<u64>, Vec<f64>) =
        accuracy.iter().filter_map(|s| Some((s.step, s.outcome.value()?))).unzip();
    let generalized = first_above(&times, &values, c.threshold);
    let halved = half_drop(&series.0, &series.1);
    let lag: Outcome = match (&generalized, &halved) {
        (Outcome::Value(g), Outcome::Value(h)) => (h - g).into(),
        (Outcome::Missing(reason), _) | (_, Outcome::Missing(reason)) => reason.clone().into(),
    };
    let before = share_before(&series.0, &series.1, &generalized);
    let rows = at(steps, last);
    rows.scalar("generalization_step", generalized);
    rows.scalar("half_rank_drop_step", halved);
    rows.scalar("rank_lag", lag);
    rows.scalar("rank_drop_before_generalization", before);
    Ok(())
}

/// Each recorded weight against its own vectors at other moments, one matrix in memory at a time.
fn agreements(reader: &RunReader, moments: &[Moment], steps: &mut BTreeMap<u64, StepRows>) -> Result<(), TrainError> {
    if moments.is_empty() {
        return Ok(());
    }
    let weights = Filter::new().kind(Kind::Weight);
    let mut matrices = std::collections::BTreeSet::new();
    reader.each_spectrum(&weights, |row| {
        matrices.insert((row.id.layer, row.id.view));
        Ok::<(), TrainError>(())
    })?;
    for (layer, view) in matrices {
        let found = reader.spectra_where(&weights.clone().layer(&layer).view(&view).with_vectors())?;
        let (Some(first), Some(last)) = (found.first(), found.last()) else { continue };
        for (k, now) in found.iter().enumerate() {
            let rows = at(steps, now.id.step);
            for moment in moments {
                let then = match moment {
                    Moment::Initial => Some(first),
                    Moment::Final => Some(last),
                    Moment::Previous => k.checked_sub(1).map(|k| &found[k]),
                };
                if let Some(then) = then {
                    against(&now.id, Reference::from(*moment), pairs(now), pairs(then), rows);
                }
            }
            baselines(&now.id, pairs(now), rows);
        }
    }
    Ok(())
}

fn pairs(row: &SpectrumRow) -> Result<Pairs<'_>, Reason> {
    Pairs::of(&row.spectrum)
}
