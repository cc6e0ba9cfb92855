//! The page of a checkpoint: tails, reasons, sizes, and names that want to be code.

#![allow(clippy::unwrap_used)]

mod common;

use common::checkpoint::{Layer, Shape, layers, run};
use serde_json::Value;
use spectrum_core::{Outcome, Reason};
use spectrum_report::{RunData, report_html};

fn data(html: &str) -> Value {
    let (_, rest) = html.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

fn page(run: &RunData) -> (String, Value) {
    let html = report_html(std::slice::from_ref(run)).unwrap();
    let data = data(&html);
    (html, data)
}

fn matrix<'a>(data: &'a Value, layer: &str) -> &'a Value {
    data["runs"][0]["matrices"].as_array().unwrap().iter().find(|m| m["layer"] == layer).unwrap()
}

/// Numbers out of base64 of little-endian f32.
fn floats(text: &Value) -> Vec<f32> {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = text
        .as_str()
        .unwrap()
        .bytes()
        .filter(|c| *c != b'=')
        .flat_map(|c| {
            let v = letters.iter().position(|l| *l == c).unwrap() as u8;
            (0..6).rev().map(move |b| v >> b & 1)
        })
        .collect();
    let bytes: Vec<u8> = bits.chunks_exact(8).map(|b| b.iter().fold(0, |v, x| v << 1 | x)).collect();
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}

#[test]
fn a_fit_is_shown_as_recorded_with_its_curves() {
    let run = run(&layers(), 1);
    let (_, data) = page(&run);
    let layer = "encoder.layer.1.attention.self.query.weight";
    let tail = &matrix(&data, layer)["tails"][0];
    let recorded = |metric: &str| {
        run.records.iter().find(|r| r.id.layer == layer && r.metric == metric).unwrap().outcome.value().unwrap()
    };
    assert_eq!((&tail["from"], &tail["step"], &tail["n"]), (&"recorded".into(), &0.into(), &384.into()));
    for (field, metric) in [("alpha", "alpha"), ("sigma", "alpha_sigma"), ("xmin", "xmin"), ("size", "tail_size")] {
        let (shown, recorded) = (tail[field].as_f64().unwrap(), recorded(metric));
        assert!((shown - recorded).abs() <= 1e-6 * recorded, "{field}: {shown} and {recorded}");
    }
    // The scan's minimum survives its thinning, at the recorded cut-off.
    let (x, d) = (floats(&tail["scan"]["x"]), floats(&tail["scan"]["distance"]));
    let least = (0..d.len()).min_by(|&a, &b| d[a].total_cmp(&d[b])).unwrap();
    assert!((f64::from(x[least]) / recorded("xmin") - 1.0).abs() < 1e-6);
    assert!((f64::from(d[least]) - recorded("alpha_distance")).abs() < 1e-6);
    // Every law starts at the share of the tail and falls.
    let share = tail["size"].as_f64().unwrap() / 384.0;
    for curve in tail["models"]["curves"].as_array().unwrap() {
        let y = floats(&curve["y"]);
        assert!((f64::from(y[0]) - share).abs() < 1e-6 && y.windows(2).all(|w| w[1] <= w[0]), "{}", curve["name"]);
    }
    // Hill's curve at the median cut-off is the recorded exponent.
    let (k, alpha) = (floats(&tail["hill"]["k"]), floats(&tail["hill"]["alpha"]));
    let at = k.iter().position(|k| *k >= 192.0).unwrap();
    assert!((f64::from(alpha[at]) - recorded("alpha_hill")).abs() < 0.02, "{} {}", alpha[at], recorded("alpha_hill"));
    assert_eq!(tail["against"].as_array().unwrap().len(), 4);
    assert_eq!(matrix(&data, layer)["type"], "query");
}

#[test]
fn recorded_numbers_are_not_overruled() {
    let mut run = run(&layers(), 1);
    let layer = "encoder.layer.1.attention.self.query.weight";
    for r in run.records.iter_mut().filter(|r| r.id.layer == layer) {
        match r.metric.as_str() {
            "alpha" => r.outcome = 7.25.into(),
            "alpha_distance" => r.outcome = Outcome::Missing(Reason::NoConvergence),
            _ => {}
        }
    }
    let tail = &page(&run).1;
    let tail = &matrix(tail, layer)["tails"][0];
    assert_eq!((&tail["alpha"], &tail["distance"]), (&7.25.into(), &Value::Null));
}

#[test]
fn a_run_that_recorded_no_tail_gets_one_that_says_so() {
    let mut run = run(&layers(), 1);
    run.records
        .retain(|r| !matches!(r.metric.as_str(), "alpha" | "alpha_sigma" | "alpha_distance" | "xmin" | "tail_size"));
    let (html, data) = page(&run);
    let tail = &matrix(&data, "lm_head.weight")["tails"][0];
    assert_eq!((&tail["from"], &tail["convention"]), (&"computed".into(), &"csn".into()));
    assert!(tail["alpha"].is_f64());
    assert!(html.contains("No tail fit was recorded"));
}

#[test]
fn a_layer_without_a_fit_has_its_reason() {
    let (html, data) = page(&run(&layers(), 1));
    let constant = matrix(&data, "encoder.norm.scale_matrix");
    let tail = &constant["tails"][0];
    assert_eq!(tail["why"], "Degenerate");
    assert!(tail.get("alpha").is_none() && tail.get("models").is_none());
    assert!(tail["scan"]["why"].is_string() && tail["hill"]["why"].is_string());
    // No spectrum at all: the layer is on the page, with the reason of its rows.
    let broken = matrix(&data, "adapter.broken.weight");
    assert_eq!(broken["why"], "NotFinite");
    assert!(broken.get("spectra").is_none() && broken.get("tails").is_none());
    assert!(
        html.contains("<td>adapter.broken.weight · weight · matrix</td><td>alpha</td><td>0</td><td>NotFinite</td>")
    );
}

#[test]
fn a_short_tail_is_warned_of() {
    let (_, data) = page(&run(&layers(), 1));
    let mut warned = 0;
    for m in data["runs"][0]["matrices"].as_array().unwrap() {
        let Some(tail) = m.get("tails").map(|t| &t[0]) else { continue };
        let Some(size) = tail.get("size").and_then(Value::as_f64) else { continue };
        let short = size < 50.0 || size < 0.1 * tail["n"].as_f64().unwrap();
        assert_eq!(tail.get("warning").is_some(), short, "{}", m["layer"]);
        warned += usize::from(short);
    }
    assert!(warned > 0);
}

#[test]
fn one_step_has_no_curves_over_time() {
    let (html, data) = page(&run(&layers(), 1));
    assert_eq!((&data["one_step"], &data["checkpoints"]), (&true.into(), &true.into()));
    for gone in ["id=\"losses\"", "id=\"metrics\"", "id=\"overlaps\""] {
        assert!(!html.contains(gone), "{gone}");
    }
    for there in ["id=\"depth\"", "id=\"table\"", "id=\"tail\"", "id=\"cutoff\"", "id=\"esd\""] {
        assert!(html.contains(there), "{there}");
    }
    assert!(html.contains("1 checkpoint · 30 matrices"));
    assert!(!html.contains("optimizer steps</p>"));
}

#[test]
fn several_checkpoints_are_a_time_series() {
    let (html, data) = page(&run(&layers()[..6], 4));
    assert_eq!(data["one_step"], false);
    assert!(html.contains("id=\"metrics\"") && !html.contains("id=\"losses\""));
    let m = matrix(&data, "encoder.layer.0.attention.self.key.weight");
    assert_eq!(m["metrics"]["agreement_left"]["t"], serde_json::json!([1, 2, 3]));
    // Few enough spectra: every one has its tail.
    let steps: Vec<&Value> = m["tails"].as_array().unwrap().iter().map(|t| &t["step"]).collect();
    assert_eq!(steps, [0, 1, 2, 3]);
}

#[test]
fn a_page_of_many_layers_stays_small() {
    let big = |i: usize| Layer {
        name: format!("blocks.{i}.mlp.weight"),
        view: "matrix",
        rows: 1536,
        cols: if i.is_multiple_of(3) { 1536 } else { 384 },
        shape: if i.is_multiple_of(2) { Shape::Tail { share: 0.3, alpha: 3.0 } } else { Shape::LogNormal(1.0) },
    };
    let mut model = run(&(0..40).map(big).collect::<Vec<_>>(), 1);
    let (html, data) = page(&model);
    assert!(html.len() < 3_000_000, "{} bytes", html.len());
    for m in data["runs"][0]["matrices"].as_array().unwrap() {
        let tail = &m["tails"][0];
        for (part, name) in [("scan", "x"), ("scan", "alpha"), ("hill", "k"), ("hill", "alpha")] {
            let points = floats(&tail[part][name]).len();
            assert!(points <= 300, "{part}.{name}: {points}");
        }
    }
    // Three hundred layers: the rows of the forty, again under other names.
    let (records, spectra) = (model.records.clone(), model.spectra.clone());
    for copy in 1..8 {
        let name = |layer: &str| format!("copy.{copy}.{layer}");
        model.records.extend(records.iter().cloned().map(|mut r| (r.id.layer = name(&r.id.layer), r).1));
        model.spectra.extend(spectra.iter().cloned().map(|mut s| (s.id.layer = name(&s.id.layer), s).1));
    }
    let html = report_html(&[model]).unwrap();
    assert!(html.len() < 12_000_000, "{} bytes", html.len());
}

#[test]
fn hostile_layer_names_stay_text() {
    const EVIL: &str = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{data}}";
    let mut layers = layers();
    layers.truncate(3);
    layers[0].name = EVIL.to_owned();
    let (html, data) = page(&run(&layers, 1));
    assert!(!html.contains("<img") && !html.contains("<script>alert"));
    assert_eq!(html.matches("<script").count(), 2);
    assert_eq!(matrix(&data, EVIL)["layer"], EVIL);
}

#[test]
fn the_same_checkpoint_gives_the_same_bytes() {
    let made = || report_html(&[run(&layers(), 2)]).unwrap();
    assert_eq!(made(), made());
}
