//! Exports against literal bytes, and Parquet read back column by column.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs::{self, File};
use std::path::Path;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, RowAccessor};
use spectrum_core::{Blob, Kind, MatrixId, Outcome, Reason, Record, Route, Spectrum, SpectrumRow, StepRows};
use spectrum_store::{Format, RunInfo, RunReader, RunWriter, StoreError, export, export_jsonl};
use support::{info, rows};

/// One row a table, with everything that needs care: a comma, a quote, a null, numbers that need all digits.
fn small() -> StepRows {
    let id = MatrixId { step: 3, layer: "conv".into(), kind: Kind::Weight, view: "positions[1,2]".into() };
    let mut rows = StepRows::new(3);
    rows.scalar("learning_rate", 0.1 + 0.2);
    rows.scalar("train_loss", 1e-300);
    let outcome = Outcome::Missing(Reason::NotApplicable("no \"teacher\"".into()));
    rows.records.push(Record { id: id.clone(), metric: "teacher_alignment".into(), outcome });
    rows.records.push(Record { id: id.clone(), metric: "outliers".into(), outcome: Outcome::Value(2.0) });
    let spectrum = Spectrum {
        rows: 2,
        cols: 3,
        route: Route::Gram,
        floor: 5e-7,
        singular_values: vec![2.0, 1.0 / 3.0],
        left: None,
        right: None,
    };
    rows.spectra.push(SpectrumRow { id: id.clone(), spectrum });
    rows.blobs.push(Blob { id, name: "overlap_left".into(), rows: 2, cols: 2, data: vec![1.0, 0.25, -0.5, 1e22] });
    rows
}

fn run(dir: &Path, steps: &[StepRows]) -> RunReader {
    let mut writer = RunWriter::create(dir, &info(), "").unwrap();
    steps.iter().for_each(|rows| writer.write_step(rows).unwrap());
    writer.finish(&info()).unwrap();
    RunReader::open(dir).unwrap()
}

#[test]
fn json_lines() {
    let folder = tempfile::tempdir().unwrap();
    let reader = run(&folder.path().join("run"), &[small()]);
    let expected = r#"{"table":"scalars","step":3,"name":"learning_rate","value":0.30000000000000004,"reason":null}
{"table":"scalars","step":3,"name":"train_loss","value":1e-300,"reason":null}
{"table":"records","step":3,"layer":"conv","kind":"weight","view":"positions[1,2]","metric":"outliers","value":2.0,"reason":null}
{"table":"records","step":3,"layer":"conv","kind":"weight","view":"positions[1,2]","metric":"teacher_alignment","value":null,"reason":"NotApplicable: no \"teacher\""}
{"table":"spectra","step":3,"layer":"conv","kind":"weight","view":"positions[1,2]","route":"gram","rows":2,"cols":3,"floor":5e-7,"singular_values":[2.0,0.3333333333333333]}
{"table":"blobs","step":3,"layer":"conv","kind":"weight","view":"positions[1,2]","name":"overlap_left","rows":2,"cols":2,"data":[1.0,0.25,-0.5,1e+22]}
"#;
    let mut bytes = Vec::new();
    export_jsonl(&reader, &mut bytes).unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    let file = folder.path().join("rows.jsonl");
    assert_eq!(export(&reader, Format::Jsonl, &file).unwrap(), std::slice::from_ref(&file));
    assert_eq!(fs::read_to_string(file).unwrap(), expected);
}

#[test]
fn comma_separated() {
    let folder = tempfile::tempdir().unwrap();
    let dest = folder.path().join("csv");
    let files = export(&run(&folder.path().join("run"), &[small()]), Format::Csv, &dest).unwrap();
    let names: Vec<_> = files.iter().map(|f| f.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["scalars.csv", "records.csv", "spectra.csv", "blobs.csv"]);
    assert_eq!(fs::read_dir(&dest).unwrap().count(), 4);
    let read = |name| fs::read_to_string(dest.join(name)).unwrap();
    assert_eq!(
        read("scalars.csv"),
        "step,name,value,reason\n3,learning_rate,0.30000000000000004,\n3,train_loss,1e-300,\n"
    );
    assert_eq!(
        read("records.csv"),
        "step,layer,kind,view,metric,value,reason\n\
         3,conv,weight,\"positions[1,2]\",outliers,2.0,\n\
         3,conv,weight,\"positions[1,2]\",teacher_alignment,,\"NotApplicable: no \"\"teacher\"\"\"\n"
    );
    assert_eq!(
        read("spectra.csv"),
        "step,layer,kind,view,route,rows,cols,floor,index,singular_value\n\
         3,conv,weight,\"positions[1,2]\",gram,2,3,5e-7,0,2.0\n\
         3,conv,weight,\"positions[1,2]\",gram,2,3,5e-7,1,0.3333333333333333\n"
    );
    assert_eq!(
        read("blobs.csv"),
        "step,layer,kind,view,name,rows,cols,row,col,value\n\
         3,conv,weight,\"positions[1,2]\",overlap_left,2,2,0,0,1.0\n\
         3,conv,weight,\"positions[1,2]\",overlap_left,2,2,1,0,0.25\n\
         3,conv,weight,\"positions[1,2]\",overlap_left,2,2,0,1,-0.5\n\
         3,conv,weight,\"positions[1,2]\",overlap_left,2,2,1,1,1e22\n"
    );
}

fn parquet_rows(path: &Path) -> Vec<Vec<(String, Field)>> {
    let file = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    file.get_row_iter(None)
        .unwrap()
        .map(|row| row.unwrap().get_column_iter().map(|(n, f)| (n.clone(), f.clone())).collect())
        .collect()
}

#[test]
fn parquet_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut empty = small();
    empty.spectra[0].spectrum = Spectrum { rows: 0, singular_values: vec![], ..empty.spectra[0].spectrum.clone() };
    let mut second = small();
    second.step = 4;
    second.scalars.iter_mut().for_each(|r| r.step = 4);
    second.records.iter_mut().for_each(|r| r.id.step = 4);
    second.spectra.iter_mut().for_each(|r| r.id.step = 4);
    second.blobs.iter_mut().for_each(|r| r.id.step = 4);
    let dest = folder.path().join("parquet");
    export(&run(&folder.path().join("run"), &[empty, second]), Format::Parquet, &dest).unwrap();

    let records = parquet_rows(&dest.join("records.parquet"));
    let names: Vec<_> = records[0].iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["step", "layer", "kind", "view", "metric", "value", "reason"]);
    let last: Vec<_> = records[3].iter().map(|(_, f)| f.clone()).collect();
    assert_eq!(last[0], Field::Long(4));
    assert_eq!(last[4..6], [Field::Str("teacher_alignment".into()), Field::Null]);
    assert_eq!(records[2][5].1, Field::Double(2.0));

    let file = SerializedFileReader::new(File::open(dest.join("spectra.parquet")).unwrap()).unwrap();
    let lists: Vec<Vec<f64>> = file
        .get_row_iter(None)
        .unwrap()
        .map(|row| {
            row.unwrap()
                .get_list(8)
                .unwrap()
                .elements()
                .iter()
                .map(|f| match f {
                    Field::Double(x) => *x,
                    other => panic!("{other:?}"),
                })
                .collect()
        })
        .collect();
    assert_eq!(lists, [vec![], vec![2.0, 1.0 / 3.0]]);
}

#[test]
fn exports_do_not_depend_on_how_or_when_the_run_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let steps: Vec<_> = (0..4).map(rows).collect();
    let first = run(&folder.path().join("a"), &steps);
    let other = RunInfo { started_unix: 5.0, wall_seconds: 9.0, name: "other".into(), ..info() };
    let mut writer = RunWriter::create(&folder.path().join("b"), &other, "x = 1\n").unwrap();
    for rows in &steps {
        // Rows of one step in another order.
        let mut rows = rows.clone();
        rows.scalars.reverse();
        rows.records.reverse();
        rows.spectra.reverse();
        writer.write_step(&rows).unwrap();
    }
    // The second run is still being written.
    let second = RunReader::open(&folder.path().join("b")).unwrap();
    for format in [Format::Jsonl, Format::Csv, Format::Parquet] {
        let (a, b) = (folder.path().join(format!("a.{format}")), folder.path().join(format!("b.{format}")));
        let (a, b) = (export(&first, format, &a).unwrap(), export(&second, format, &b).unwrap());
        for (a, b) in a.iter().zip(&b) {
            assert!(fs::read(a).unwrap() == fs::read(b).unwrap(), "{} and {} differ", a.display(), b.display());
        }
    }
}

#[test]
fn a_run_without_rows_gives_empty_tables() {
    let folder = tempfile::tempdir().unwrap();
    let reader = run(&folder.path().join("run"), &[]);
    let mut bytes = Vec::new();
    export_jsonl(&reader, &mut bytes).unwrap();
    assert!(bytes.is_empty());
    for file in export(&reader, Format::Parquet, &folder.path().join("p")).unwrap() {
        assert!(parquet_rows(&file).is_empty());
    }
}

#[test]
fn an_export_that_fails_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let reader = run(&folder.path().join("run"), &[small()]);
    let occupied = folder.path().join("file");
    fs::write(&occupied, "x").unwrap();
    let error = export(&reader, Format::Csv, &occupied).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot create {}: ", occupied.display())), "{error}");
    // A folder lies where the file should go: the rename fails, and the temporary file goes.
    let taken = folder.path().join("taken.jsonl");
    fs::create_dir(&taken).unwrap();
    assert!(matches!(export(&reader, Format::Jsonl, &taken), Err(StoreError::Io { .. })));
    assert!(!folder.path().join("taken.jsonl.tmp").exists());
    assert_eq!(
        "xml".parse::<Format>().unwrap_err().to_string(),
        "`xml` is no export format; expected one of jsonl, csv, parquet"
    );
}
