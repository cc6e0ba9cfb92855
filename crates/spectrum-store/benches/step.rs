//! One step's transaction: 26 records, 4 scalars, two spectra of 1000 values, as the quickstart writes them, and with
//! eight leading vectors of a 1500 x 1000 matrix beside them.

use divan::Bencher;
use spectrum_core::{Kind, MatrixId, Outcome, Record, Route, Spectrum, SpectrumRow, StepRows, Vectors};
use spectrum_store::{Journal, RunInfo, RunWriter};

fn main() {
    divan::main();
}

fn step(t: u64, count: usize) -> StepRows {
    let mut rows = StepRows::new(t);
    for name in ["train_loss", "test_loss", "train_accuracy", "learning_rate"] {
        rows.scalar(name, 0.5);
    }
    for kind in [Kind::Weight, Kind::Update] {
        let id = MatrixId { step: t, layer: "hidden.weight".into(), kind, view: "matrix".into() };
        for k in 0..13 {
            let metric = format!("metric_number_{k}");
            rows.records.push(Record { id: id.clone(), metric, outcome: Outcome::Value(0.1 * f64::from(k)) });
        }
        let vectors = |len| (count > 0).then(|| Vectors { len, count, data: vec![0.25; len * count] });
        let spectrum = Spectrum {
            rows: 1500,
            cols: 1000,
            route: Route::Gram,
            floor: 1e-7,
            singular_values: (0..1000).map(|k| 1.0 / f64::from(k + 1)).collect(),
            left: vectors(1500),
            right: vectors(1000),
        };
        rows.spectra.push(SpectrumRow { id, spectrum });
    }
    rows
}

fn transaction(bencher: Bencher<'_, '_>, journal: Journal, vectors: usize) {
    let Ok(folder) = tempfile::tempdir() else { return };
    let Ok(mut writer) = RunWriter::create_with(folder.path(), &RunInfo::default(), "", journal) else { return };
    let mut t = 0;
    bencher
        .with_inputs(|| {
            t += 1;
            step(t, vectors)
        })
        .bench_local_values(|rows| writer.write_step(&rows).is_ok());
}

#[divan::bench(args = [0, 8], sample_count = 500, sample_size = 1)]
fn write_ahead_log(bencher: Bencher<'_, '_>, vectors: usize) {
    transaction(bencher, Journal::Wal, vectors);
}

#[divan::bench(args = [0, 8], sample_count = 500, sample_size = 1)]
fn rollback_journal(bencher: Bencher<'_, '_>, vectors: usize) {
    transaction(bencher, Journal::Rollback, vectors);
}
