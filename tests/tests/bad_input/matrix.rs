//! Matrices of the user's that are not what they should be, and choices about them that cannot be.

use std::path::PathBuf;

use crate::common::{Bench, npy};

const CONFIG: &str = r#"
name = "matrix"
[data]
kind = "matrix"
file = "set by each test"
n_test = 4
teacher = "triple-index"
[model]
kind = "two-layer"
width = 6
[optimizer]
kind = "sgd"
lr = 0.01
[training]
steps = 2
"#;

const ROWS: usize = 20;

/// 20 samples of 5 features in `x.npy`, their classes 0, 1, 2 in `y.npy`.
struct Files {
    bench: Bench,
    inputs: PathBuf,
    labels: PathBuf,
}

impl Files {
    fn new(spoil: impl FnOnce(&mut Vec<f64>)) -> Self {
        let bench = Bench::new(CONFIG);
        let [inputs, labels] = ["x.npy", "y.npy"].map(|f| bench.dir.path().join(f));
        let mut values: Vec<f64> = (0..ROWS * 5).map(|i| (i * 37 % 101) as f64).collect();
        spoil(&mut values);
        npy::doubles(&inputs, &[ROWS, 5], &values);
        npy::integers(&labels, &[ROWS], &(0..ROWS as i64).map(|i| i % 3).collect::<Vec<_>>());
        Self { bench, inputs, labels }
    }

    /// With `data.file` and these changes.
    fn args(&self, sets: &[&str]) -> Vec<String> {
        let file = format!("data.file='{}'", self.inputs.display());
        std::iter::once(file.as_str())
            .chain(sets.iter().copied())
            .flat_map(|s| ["--set".into(), s.to_owned()])
            .collect()
    }

    #[track_caller]
    fn refused(&self, sets: &[&str], words: &[&str]) {
        let args = self.args(sets);
        let done = self.bench.run(&args.iter().map(String::as_str).collect::<Vec<_>>());
        done.one_error(2, words);
        assert!(!self.bench.out.exists(), "{sets:?} left something behind");
    }
}

fn good() -> Files {
    Files::new(|_| {})
}

/// `data` whole, with the labels of the file and without a teacher.
fn with_labels(files: &Files, more: &str) -> String {
    let (x, y) = (files.inputs.display(), files.labels.display());
    format!("data={{kind='matrix', file='{x}', targets_file='{y}', n_test=4{more}}}")
}

#[test]
fn the_matrix_that_the_others_spoil_is_good() {
    let files = good();
    let args = files.args(&[]);
    files.bench.finished(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let classes = with_labels(&files, ", form='class'");
    let args = files.args(&[&classes, "model={kind='mlp', hidden=[4]}"]);
    files.bench.finished(&args.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn an_input_that_is_no_number_is_named_by_its_file_row_and_column() {
    let files = Files::new(|values| values[13] = f64::NAN);
    files.refused(&[], &[files.inputs.to_str().unwrap(), "row 2, column 3", "NaN", "finite"]);
}

#[test]
fn targets_that_do_not_fit_their_form_are_named_by_file_and_row() {
    let files = good();
    let y = files.labels.to_str().unwrap().to_owned();
    files.refused(&[&with_labels(&files, ", form='sign'")], &[&y, "row 2", "one of two numbers"]);
    npy::integers(&files.labels, &[ROWS - 1], &[0; ROWS - 1]);
    files.refused(&[&with_labels(&files, "")], &[&y, "[19]", "each of the 20 samples"]);
    npy::integers(&files.labels, &[ROWS], &[-1; ROWS]);
    let classes = with_labels(&files, ", form='class'");
    files.refused(&[&classes, "model={kind='mlp', hidden=[4]}"], &[&y, "row 0", "-1", "integer"]);
}

#[test]
fn more_rows_than_the_file_has_are_refused() {
    let files = good();
    let config = files.bench.config_name();
    files.refused(&["data.n=17"], &[config, "n + n_test", "21", "20"]);
    files.refused(&["data.n_test=20"], &[config, "n_test", "20"]);
    files.refused(&["data.n_test=0"], &[config, "data.n_test", "at least 1"]);
}

#[test]
fn targets_come_from_one_place() {
    let files = good();
    let neither = format!("data={{kind='matrix', file='{}', n_test=4}}", files.inputs.display());
    files.refused(&[&neither], &["data.targets", "neither", "data.teacher"]);
    files.refused(&["data.targets=y"], &["data.targets", "both"]);
    files.refused(&[&with_labels(&files, ", noise=0.1")], &["data.noise", "data.teacher"]);
    files.refused(&["data.form=class"], &["data.form", "`values` or `sign`"]);
}

#[test]
fn tensors_and_files_that_are_not_there_are_named() {
    let files = good();
    files.refused(&["data.inputs=xx"], &[files.inputs.to_str().unwrap(), "no tensor is called `xx`"]);
    let nowhere = files.bench.dir.path().join("nowhere.npy");
    files.refused(&[&format!("data.file='{}'", nowhere.display())], &[nowhere.to_str().unwrap(), "no such file"]);
    npy::doubles(&files.inputs, &[ROWS, 5, 1], &[0.5; ROWS * 5]);
    files.refused(&[], &["[20, 5, 1]", "two axes"]);
}

#[test]
fn a_matrix_is_no_image_and_has_no_spikes_of_its_own() {
    let files = good();
    files.refused(&["model={kind='conv-net', channels=[2]}"], &["model.kind", "images"]);
    let decompose = ["gradients.decompose=true", "spectra.kinds=['gradient']"];
    files.refused(&decompose, &["gradients.decompose", "data.spikes"]);
    files.refused(&[decompose[0], decompose[1], "data.spikes=6"], &["principal components", "6"]);
}
