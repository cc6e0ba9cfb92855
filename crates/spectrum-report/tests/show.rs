//! What `spectrum show` prints.

mod common;

use spectrum_report::{RunData, show};

#[test]
fn json_has_the_fixed_form() {
    let mut run = common::run(&common::quickstart());
    run.info.recording_overhead = Some(0.25);
    let json = show::json(&run);
    assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), ["records", "run", "scalars"]);
    assert_eq!(json["run"]["dir"], "runs/quickstart-0-flex-1a2b3c4d");
    assert_eq!(json["run"]["recording_overhead"], 0.25);
    assert_eq!(json["run"]["status"], "finished");
    assert_eq!(json["records"].as_array().unwrap().len(), run.records.len());
    for row in json["records"].as_array().unwrap() {
        let keys: Vec<&String> = row.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["kind", "layer", "metric", "reason", "step", "value", "view"]);
        assert_ne!(row["value"].is_null(), row["reason"].is_null(), "{row}");
    }
    for row in json["scalars"].as_array().unwrap() {
        assert_eq!(row["value"].is_null(), row.get("reason").is_some(), "{row}");
    }
    // Numbers are written so that they read back to the last bit.
    for (row, record) in json["records"].as_array().unwrap().iter().zip(&run.records) {
        let text = row["value"].to_string();
        assert_eq!(text.parse::<f64>().ok(), record.outcome.value(), "{text}");
    }
}

#[test]
fn tables_fit_their_width_and_name_every_metric() {
    let run = common::run(&common::quickstart());
    for width in [60, 80, 200] {
        let text = show::tables(&run, width);
        assert!(text.lines().all(|l| l.chars().count() <= width), "{width}:\n{text}");
        for word in ["alpha_hill", "test_loss", "step 0", "step 10", "hidden.weight · update · matrix (600 x 400)"] {
            assert!(text.contains(word), "{word} in {width} columns");
        }
        assert!(text.contains("TooFewValues"), "reasons are told");
    }
    let line = "  - no alpha at step 1, 5, 9: TooFewValues: 7 found, 10 needed";
    assert!(show::tables(&run, 80).contains(line));
    // The first and the last step stand in the row of the metric.
    let text = show::tables(&run, 80);
    let row = text.lines().find(|l| l.trim_start().starts_with("mp_variance")).unwrap();
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!((cells[1], cells[cells.len() - 1]), ("1", "1.4"));
}

#[test]
fn a_stored_run_reads_back_as_it_was() {
    use spectrum_core::StepRows;
    use spectrum_store::RunWriter;

    let made = common::run(&common::quickstart());
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let mut writer = RunWriter::create(&dir, &made.info, &made.config).unwrap();
    for step in 0..=10 {
        let rows = StepRows {
            step,
            scalars: made.scalars.iter().filter(|s| s.step == step).cloned().collect(),
            records: made.records.iter().filter(|r| r.id.step == step).cloned().collect(),
            spectra: made.spectra.iter().filter(|s| s.id.step == step).cloned().collect(),
            blobs: made.blobs.iter().filter(|b| b.id.step == step).cloned().collect(),
        };
        writer.write_step(&rows).unwrap();
    }
    writer.finish(&made.info).unwrap();
    let read = RunData::read(&dir).unwrap();
    assert_eq!(read.info, made.info);
    assert_eq!(read.config, made.config);
    assert_eq!((read.scalars.len(), read.records.len()), (made.scalars.len(), made.records.len()));
    assert_eq!((read.spectra.len(), read.blobs.len()), (made.spectra.len(), made.blobs.len()));
    assert_eq!(show::json(&read)["records"].as_array().unwrap().len(), made.records.len());
}

#[test]
fn a_folder_without_a_run_is_one_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = RunData::read(folder.path()).unwrap_err();
    assert!(error.to_string().contains(&folder.path().display().to_string()), "{error}");
}
