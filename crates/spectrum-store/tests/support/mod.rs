//! Rows that every test can tell right from wrong: a function of the step alone.
#![allow(dead_code, clippy::unwrap_used)]

use std::path::Path;

use spectrum_core::{Blob, Kind, MatrixId, Outcome, Reason, Record, Route, Spectrum, SpectrumRow, StepRows, Vectors};
use spectrum_store::{RunInfo, RunReader};

/// The facts of a run that has just begun.
pub fn info() -> RunInfo {
    RunInfo {
        name: "test".into(),
        seed: 7,
        backend: "flex".into(),
        precision: "f32".into(),
        spectrum_version: "0.1.0".into(),
        burn_version: "0.22.1".into(),
        config_hash: "1a2b3c4d".into(),
        parameters: 12,
        cpu_threads: 2,
        ..RunInfo::default()
    }
}

/// The rows of step `t`.
pub fn rows(t: u64) -> StepRows {
    let x = (t as f64 + 0.5).sqrt();
    let id = |kind| MatrixId { step: t, layer: "hidden.weight".into(), kind, view: "matrix".into() };
    let mut rows = StepRows::new(t);
    rows.scalar("train_loss", 1.0 / x);
    rows.scalar("test_loss", if t.is_multiple_of(3) { f64::NAN } else { x });
    for kind in [Kind::Weight, Kind::Update] {
        for (metric, outcome) in [
            ("stable_rank", Outcome::Value(x)),
            ("alpha", Outcome::Missing(Reason::TooFewValues { found: 3, needed: 10 })),
        ] {
            rows.records.push(Record { id: id(kind), metric: metric.into(), outcome });
        }
        let vectors = |len| Vectors { len, count: 2, data: (0..2 * len).map(|k| x * k as f64).collect() };
        rows.spectra.push(SpectrumRow {
            id: id(kind),
            spectrum: Spectrum {
                rows: 5,
                cols: 3,
                route: Route::Vectors,
                floor: 1e-7,
                singular_values: vec![x, x / 3.0, x / 7.0],
                left: Some(vectors(5)),
                right: Some(vectors(3)),
            },
        });
    }
    let data = (0..4).map(|k| x / f64::from(k + 1)).collect();
    rows.blobs.push(Blob { id: id(Kind::Update), name: "overlap_left".into(), rows: 2, cols: 2, data });
    rows
}

/// Checks that the run holds the rows of exactly the steps `0..=last`, or none.
pub fn assert_holds(dir: &Path, last: Option<u64>) {
    let reader = RunReader::open(dir).unwrap();
    assert_eq!(reader.last_step().unwrap(), last);
    let steps: Vec<u64> = last.map_or(Vec::new(), |l| (0..=l).collect());
    assert_eq!(reader.steps().unwrap(), steps);
    let expected: Vec<StepRows> = steps.iter().map(|t| rows(*t)).collect();
    let count = |f: fn(&StepRows) -> usize| expected.iter().map(f).sum::<usize>();
    let mut scalars: Vec<_> = expected.iter().flat_map(|r| r.scalars.clone()).collect();
    scalars.sort_by(|a, b| (a.step, &a.name).cmp(&(b.step, &b.name)));
    assert_eq!(reader.scalars().unwrap(), scalars);
    assert_eq!(reader.records().unwrap().len(), count(|r| r.records.len()));
    assert_eq!(reader.spectra().unwrap().len(), count(|r| r.spectra.len()));
    assert_eq!(reader.blobs().unwrap().len(), count(|r| r.blobs.len() + 2 * r.spectra.len()));
}
