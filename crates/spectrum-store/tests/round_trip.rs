//! Whatever core's types can hold comes back as it went in, in the order of the keys.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use spectrum_core::{
    Blob, Kind, MatrixId, Outcome, Reason, Record, Route, Scalar, Spectrum, SpectrumRow, StepRows, Vectors,
};
use spectrum_store::{Filter, RunReader, RunWriter, StoreError};

/// Any bit pattern that is a finite number, with -0.0 as the store writes it.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), Just(-0.0), Just(f64::MAX), Just(f64::MIN_POSITIVE), Just(5e-324)]
        .prop_filter("finite", |x| x.is_finite())
        .prop_map(|x| x + 0.0)
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        number().prop_map(Outcome::Value),
        Just(Outcome::Missing(Reason::BelowFloor)),
        (any::<usize>(), any::<usize>())
            .prop_map(|(found, needed)| Outcome::Missing(Reason::TooFewValues { found, needed })),
        "[^\0]{1,12}".prop_map(|why| Outcome::Missing(Reason::NotApplicable(why))),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(vec![Kind::Weight, Kind::Displacement, Kind::Update, Kind::Gradient, Kind::Ck, Kind::Ntk])
}

/// Layer, kind, view, and a name: quotes, commas, brackets and other alphabets included.
fn key() -> impl Strategy<Value = (String, String, String, String)> {
    ("[a-c.'\",é]{1,3}", kind().prop_map(|k| k.to_string()), "[a-b\\[\\]]{1,2}", "[x-z_ ]{1,2}")
}

fn spectrum() -> impl Strategy<Value = Spectrum> {
    let route = prop::sample::select(vec![Route::Gram, Route::Svd, Route::Vectors, Route::Topk, Route::Density]);
    (0usize..5, 0usize..5, route, number(), 0usize..3).prop_flat_map(|(rows, cols, route, floor, count)| {
        let vectors = move |len: usize| {
            prop::option::of(prop::collection::vec(number(), len * count).prop_map(move |data| Vectors {
                len,
                count,
                data,
            }))
        };
        (prop::collection::vec(number(), 0..=rows.min(cols)), vectors(rows), vectors(cols)).prop_map(
            move |(singular_values, left, right)| Spectrum { rows, cols, route, floor, singular_values, left, right },
        )
    })
}

fn blob() -> impl Strategy<Value = (usize, usize, Vec<f64>)> {
    (0usize..4, 0usize..4).prop_flat_map(|(r, c)| (Just(r), Just(c), prop::collection::vec(number(), r * c)))
}

prop_compose! {
    // Sorted maps give the rows in the order of their keys, which is the order that they are read in.
    fn step()(
        scalars in prop::collection::btree_map("[a-z_]{1,4}", outcome(), 0..4),
        records in prop::collection::btree_map(key(), outcome(), 0..6),
        spectra in prop::collection::btree_map(key().prop_map(|(l, k, v, _)| (l, k, v)), spectrum(), 0..3),
        blobs in prop::collection::btree_map(key(), blob(), 0..3),
    ) -> StepRows {
        fill(scalars, records, spectra, blobs)
    }
}

type Key = (String, String, String, String);

fn fill(
    scalars: BTreeMap<String, Outcome>,
    records: BTreeMap<Key, Outcome>,
    spectra: BTreeMap<(String, String, String), Spectrum>,
    blobs: BTreeMap<Key, (usize, usize, Vec<f64>)>,
) -> StepRows {
    let id = |layer: String, kind: String, view: String| MatrixId { step: 0, layer, kind: kind.parse().unwrap(), view };
    StepRows {
        step: 0,
        scalars: scalars.into_iter().map(|(name, outcome)| Scalar { step: 0, name, outcome }).collect(),
        records: records
            .into_iter()
            .map(|((l, k, v, metric), outcome)| Record { id: id(l, k, v), metric, outcome })
            .collect(),
        spectra: spectra.into_iter().map(|((l, k, v), spectrum)| SpectrumRow { id: id(l, k, v), spectrum }).collect(),
        blobs: blobs
            .into_iter()
            .map(|((l, k, v, name), (rows, cols, data))| Blob { id: id(l, k, v), name, rows, cols, data })
            .collect(),
    }
}

fn at(mut rows: StepRows, step: u64) -> StepRows {
    rows.step = step;
    rows.scalars.iter_mut().for_each(|r| r.step = step);
    rows.records.iter_mut().for_each(|r| r.id.step = step);
    rows.spectra.iter_mut().for_each(|r| r.id.step = step);
    rows.blobs.iter_mut().for_each(|r| r.id.step = step);
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

    #[test]
    fn rows_come_back_as_they_went_in(steps in prop::collection::vec((step(), 1u64..1 << 40), 1..4)) {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = RunWriter::create(folder.path(), &support::info(), "").unwrap();
        let mut written = Vec::new();
        let mut t = 0;
        for (rows, gap) in steps {
            t += gap;
            let rows = at(rows, t);
            writer.write_step(&rows).unwrap();
            written.push(rows);
        }
        // Read while the writer is at work, and again when it is gone.
        assert_equal(folder.path(), &written);
        writer.finish(&support::info()).unwrap();
        assert_equal(folder.path(), &written);
    }
}

fn assert_equal(dir: &Path, written: &[StepRows]) {
    let reader = RunReader::open(dir).unwrap();
    assert_eq!(reader.last_step().unwrap(), written.last().map(|r| r.step));
    assert_eq!(reader.scalars().unwrap(), written.iter().flat_map(|r| r.scalars.clone()).collect::<Vec<_>>());
    assert_eq!(reader.records().unwrap(), written.iter().flat_map(|r| r.records.clone()).collect::<Vec<_>>());
    let spectra = reader.spectra_where(&Filter::new().with_vectors()).unwrap();
    assert_eq!(spectra, written.iter().flat_map(|r| r.spectra.clone()).collect::<Vec<_>>());
    let mut blobs = reader.blobs().unwrap();
    blobs.retain(|b| b.name != "left" && b.name != "right");
    assert_eq!(blobs, written.iter().flat_map(|r| r.blobs.clone()).collect::<Vec<_>>());
}

#[test]
fn a_number_that_is_not_finite_is_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = RunWriter::create(folder.path(), &support::info(), "").unwrap();
    let mut rows = StepRows::new(0);
    for (name, value) in [("a", f64::NAN), ("b", f64::NEG_INFINITY), ("c", -0.0)] {
        // Past the conversion that would catch them.
        rows.scalars.push(Scalar { step: 0, name: name.into(), outcome: Outcome::Value(value) });
    }
    writer.write_step(&rows).unwrap();
    let back: Vec<_> =
        RunReader::open(folder.path()).unwrap().scalars().unwrap().into_iter().map(|s| s.outcome).collect();
    assert_eq!(back[..2], [Outcome::Missing(Reason::NotFinite), Outcome::Missing(Reason::NotFinite)]);
    assert_eq!(back[2].value().map(f64::to_bits), Some(0));
}

#[test]
fn a_refused_step_leaves_nothing_and_the_writer_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = RunWriter::create(folder.path(), &support::info(), "").unwrap();
    writer.write_step(&support::rows(0)).unwrap();

    let twice = |mut r: StepRows| {
        r.scalars.push(r.scalars[0].clone());
        r
    };
    let of_another_step = |mut r: StepRows| {
        r.records[0].id.step = 9;
        r
    };
    let not_finite = |mut r: StepRows| {
        r.spectra[0].spectrum.singular_values[0] = f64::INFINITY;
        r
    };
    let wrong_shape = |mut r: StepRows| {
        r.blobs[0].rows = 3;
        r
    };
    for (rows, text) in [
        (twice(support::rows(1)), "step 1: scalar train_loss is there twice"),
        (of_another_step(support::rows(1)), "step 1: stable_rank belongs to step 9"),
        (not_finite(support::rows(1)), "step 1: the spectrum of hidden.weight weight matrix is not finite"),
        (wrong_shape(support::rows(1)), "step 1: overlap_left of hidden.weight update matrix: 4 elements for 3 x 2"),
        (support::rows(0), "step 0: out of order: step 0 is written already"),
    ] {
        let error = writer.write_step(&rows).unwrap_err();
        assert!(matches!(error, StoreError::Rows { .. }));
        assert_eq!(error.to_string(), text);
        support::assert_holds(folder.path(), Some(0));
    }
    writer.write_step(&support::rows(1)).unwrap();
    support::assert_holds(folder.path(), Some(1));
}

#[test]
fn a_filter_narrows_and_keeps_the_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = RunWriter::create(folder.path(), &support::info(), "").unwrap();
    (0..6).for_each(|t| writer.write_step(&support::rows(t)).unwrap());
    let reader = RunReader::open(folder.path()).unwrap();
    let filter = Filter::new().layer("hidden.weight").kind(Kind::Update).view("matrix").name("alpha").steps(2..4);
    let found: Vec<_> =
        reader.records_where(&filter).unwrap().into_iter().map(|r| (r.id.step, r.id.kind, r.metric)).collect();
    assert_eq!(found, [(2, Kind::Update, "alpha".to_owned()), (3, Kind::Update, "alpha".to_owned())]);
    let count = |f: Filter| reader.scalars_where(&f).unwrap().len();
    assert_eq!(count(Filter::new().name("train_loss")), 6);
    assert_eq!(count(Filter::new().steps(..0)), 0);
    assert_eq!(count(Filter::new().steps(..=0)), 2);
    assert_eq!(count(Filter::new().steps(5..)), 2);
    assert_eq!(count(Filter::new().steps(u64::MAX..)), 0);
    assert_eq!(reader.blobs_where(&Filter::new().name("right").steps(1..=1)).unwrap().len(), 2);
    assert!(reader.records_where(&Filter::new().layer("readout.weight")).unwrap().is_empty());
}

#[test]
fn the_facts_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut info = spectrum_store::RunInfo {
        adapter: Some("llvmpipe".into()),
        driver: Some("Mesa 25".into()),
        graphics_api: Some("Vulkan".into()),
        started_unix: 1.7e9,
        initial_weights_sha256: Some("ab".repeat(32)),
        seed: i64::MAX as u64,
        ..support::info()
    };
    let mut writer = RunWriter::create(folder.path(), &info, "name = \"test\"\n").unwrap();
    let read = || RunReader::open(folder.path()).unwrap().info().unwrap();
    assert_eq!(read(), info);
    writer.write_step(&support::rows(0)).unwrap();
    writer.write_step(&support::rows(4)).unwrap();
    // A killed run knows how far it came.
    assert_eq!(read().steps_done, 4);
    info.status = spectrum_store::Status::Diverged;
    info.message = Some("train_loss is not finite".into());
    info.steps_done = 4;
    (info.training_seconds, info.waited_seconds, info.recording_overhead) = (8.0, 0.5, Some(0.0625));
    writer.update_info(&info).unwrap();
    assert_eq!(read(), info);
    writer.finish(&info).unwrap();
    assert_eq!(read(), info);
    assert_eq!(RunReader::open(folder.path()).unwrap().config().unwrap(), "name = \"test\"\n");
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(files.len(), 3, "config.toml, lock and run.sqlite, found {files:?}");
}
