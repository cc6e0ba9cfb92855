//! Figures of a topic: what is drawn of the runs that are there, what is said of those that are not, and what is refused.
#![allow(clippy::unwrap_used)]

mod claims_support;

use claims_support::{Bench, claim, refused};
use spectrum_core::{Blob, Kind, MatrixId, Record, Route, Spectrum, SpectrumRow, StepRows};
use spectrum_experiment::claims::figure::{Drawing, figures};
use spectrum_experiment::claims::{FigureOptions, Topic, draw_figures};
use spectrum_experiment::{Point, Runner};
use spectrum_report::figure::{Histogram, Mark, Scale};
use spectrum_store::{RunInfo, RunWriter, Status};

/// A claim that needs the rates and the sizes, and its runs done.
const CLAIMS: [&str; 2] = [
    "type = \"monotone\"\nof = { run = \"rates\", metric = \"alpha_hill\", step = 4 }\ndirection = \"falling\"",
    "type = \"exponent\"\nof = { threshold = \"first\" }\nmin = -2",
];

fn drawn(figure: &str) -> (Bench, Vec<Drawing>) {
    let claims = CLAIMS.iter().enumerate().map(|(i, c)| claim(&format!("c{i}"), c)).collect::<String>();
    let bench = Bench::shared(&format!("{claims}{figure}"));
    bench.verify().unwrap();
    let topic = Topic::read(bench.folder.path()).unwrap();
    let all = figures(&topic, &bench.fake, "small", None).unwrap();
    (bench, all)
}

fn layers(drawing: &Drawing) -> Vec<&Mark> {
    drawing.figure.as_ref().unwrap().panels[0].layers.iter().map(|l| &l.mark).collect()
}

#[test]
fn a_curve_is_the_mean_over_seeds_with_its_band() {
    let figure = r#"
[[figure]]
file = "hill.svg"
title = "Hill"
type = "curve"
x = { label = "rate", scale = "log" }
series = [{ run = "rates", metric = "alpha_hill", step = 4, label = "ours", window = { max = 2.0 } },
          { run = "rates", at = { "optimizer.lr" = 4.0 }, metric = "alpha_hill_gaussian", step = 4, dashed = true }]
lines = [{ y = 2.0, label = "two" }]
"#;
    let (_bench, all) = drawn(figure);
    assert_eq!((all[0].missing, all[0].wanted), (0, 12));
    let panel = &all[0].figure.as_ref().unwrap().panels[0];
    assert_eq!(
        (panel.x.label.as_str(), panel.x.scale, panel.y.label.as_str()),
        ("rate", Scale::Log10, "alpha_hill at 4")
    );
    // The fake's Hill at step t: 2.5 - 0.1 t rate + 0.001 seed, for the seeds 0, 1, 2.
    let [Mark::Line { points, band, .. }, Mark::Horizontal(gaussian), Mark::Horizontal(two)] = layers(&all[0])[..]
    else {
        panic!("{panel:?}")
    };
    assert_eq!((*gaussian, *two), (2.5, 2.0));
    for ((p, b), rate) in points.iter().zip(band).zip([0.5, 1.0, 2.0]) {
        let least = 2.5 - 0.4 * rate;
        assert_eq!(p.0, rate);
        assert!(
            (p.1 - least - 0.001).abs() < 1e-12 && (b.0 - least).abs() < 1e-12 && (b.1 - least - 0.002).abs() < 1e-12
        );
    }
    let caption = all[0].figure.as_ref().unwrap().caption.clone().unwrap();
    assert_eq!(caption, "Scale small, seeds 0 to 2. Lines: mean over seeds; bands: from the least to the greatest.");
}

#[test]
fn a_threshold_is_found_again_from_the_runs_of_its_search() {
    let figure = "[[figure]]\nfile = \"first.svg\"\ntitle = \"t\"\ntype = \"curve\"\nband = \"sd\"\nseries = [{ threshold = \"first\", fit = \"d\" }]\n";
    let (bench, all) = drawn(figure);
    assert_eq!(all[0].missing, 0, "{:?}", all[0]);
    let runs = bench.fake.ran.lock().unwrap().len();
    // 10/d, times 1 + seed/100, to the resolution of a hundredth.
    let [Mark::Line { points, .. }, Mark::Line { points: fit, band, .. }] = layers(&all[0])[..] else { panic!() };
    for (d, rate) in points {
        assert!((rate * d / 10.0 - 1.01).abs() < 0.012, "{d} {rate}");
    }
    assert!(band.is_empty() && (fit[0].1 / fit[1].1 - 8.0).abs() < 0.2);
    let panel = &all[0].figure.as_ref().unwrap().panels[0];
    assert_eq!((panel.x.label.as_str(), panel.layers[1].label.as_deref()), ("data.d", Some("∝ d^{-1.00}")));
    // Nothing was run for the figure.
    assert_eq!(runs, bench.fake.ran.lock().unwrap().len());
}

#[test]
fn trajectories_and_scatters() {
    let figure = r#"
[[figure]]
file = "both.svg"
title = "t"
panel = [
    { type = "trajectory", series = [{ run = "rates", metric = "alpha_hill", kind = "weight" }] },
    { type = "scatter", colour = "axis", series = [{ run = "rates", x = { metric = "alpha_hill", step = 4 }, y = { metric = "kta", step = 4 } }] },
    { type = "scatter", series = [{ run = "rates", at = { "optimizer.lr" = 1.0 }, x = { metric = "alpha_hill", step = 4 }, y = { metric = "kta" }, label = "a" }] },
]
"#;
    let (_bench, all) = drawn(figure);
    let panels = &all[0].figure.as_ref().unwrap().panels;
    let labels = |k: usize| panels[k].layers.iter().map(|l| l.label.clone().unwrap()).collect::<Vec<_>>();
    assert_eq!(labels(0), ["0.5", "1", "2", "4"]);
    let Mark::Line { points, .. } = &panels[0].layers[3].mark else { panic!() };
    assert_eq!(points.iter().map(|p| p.0).collect::<Vec<_>>(), [0.0, 1.0, 2.0, 3.0, 4.0]);
    assert!((points[2].1 - (2.5 - 0.8 + 0.001)).abs() < 1e-12);
    assert_eq!(labels(1), ["0.5", "1", "2", "4"]);
    let Mark::Points { points, .. } = &panels[1].layers[2].mark else { panic!() };
    // Rate 2: kta = r^2 - 4 r.
    assert!(points.len() == 3 && points.iter().all(|p| p.1 == -4.0));
    let Mark::Points { points, .. } = &panels[2].layers[0].mark else { panic!() };
    assert!(labels(2) == ["a"] && points.iter().all(|p| p.1 == -3.0));
}

#[test]
fn what_is_not_there_is_said() {
    let figure = r#"
[[figure]]
file = "none.svg"
title = "t"
type = "curve"
series = [{ run = "diverges", metric = "alpha_hill" }]
[[figure]]
file = "some.svg"
title = "t"
type = "curve"
series = [{ run = "rates", metric = "alpha_hill" }, { run = "diverges", metric = "alpha_hill" }, { run = "rates", metric = "broken" }]
[[figure]]
file = "tiny.svg"
title = "t"
scales = ["tiny"]
type = "curve"
series = [{ run = "rates", metric = "alpha_hill" }]
"#;
    let (bench, all) = drawn(figure);
    assert_eq!(all.iter().map(|d| d.file.as_str()).collect::<Vec<_>>(), ["none.svg", "some.svg"]);
    assert!(all[0].figure.is_err());
    assert_eq!((all[1].missing, all[1].wanted), (15, 27));
    let notes = &all[1].figure.as_ref().unwrap().panels[0].notes;
    assert_eq!(notes, &["15 of 27 numbers are not there: their runs were not done."]);

    let out = bench.folder.path().join("figures");
    let options = FigureOptions { scale: "small".into(), backend: None, out: out.clone(), run_missing: None };
    let written = draw_figures(bench.folder.path(), &bench.fake, &options, &|_| {}).unwrap();
    assert_eq!(written.drawn, [out.join("some.svg")]);
    assert_eq!(written.left_out[0].0, "none.svg");
    assert_eq!(written.partial, [("some.svg".to_owned(), 12, 27)]);
    let svg = std::fs::read_to_string(out.join("some.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("15 of 27 numbers") && !svg.contains("NaN"));
    // The same runs, the same bytes.
    draw_figures(bench.folder.path(), &bench.fake, &options, &|_| {}).unwrap();
    assert_eq!(svg, std::fs::read_to_string(out.join("some.svg")).unwrap());

    let none = draw_figures(
        bench.folder.path(),
        &bench.fake,
        &FigureOptions { scale: "tiny".into(), ..options.clone() },
        &|_| {},
    );
    assert!(none.unwrap().drawn.is_empty());
    let error =
        draw_figures(bench.folder.path(), &bench.fake, &FigureOptions { scale: "smal".into(), ..options }, &|_| {});
    assert!(error.unwrap_err().to_string().contains("unknown scale `smal`, did you mean `small`?"));
}

#[test]
fn missing_runs_are_done_where_that_is_asked_for() {
    let figure = r#"
[[figure]]
file = "a.svg"
title = "t"
type = "curve"
series = [{ run = "rates", metric = "alpha_hill" }, { run = "diverges", metric = "alpha_hill" }]
"#;
    let bench = Bench::new(&format!("{}{figure}", claim("c", CLAIMS[0])));
    let out = bench.folder.path().join("figures");
    let options = FigureOptions { scale: "tiny".into(), backend: None, out, run_missing: Some(2) };
    let figures = draw_figures(bench.folder.path(), &bench.fake, &options, &|_| {}).unwrap();
    // Four rates and one that fails, two seeds each: the failures are gaps.
    assert_eq!(bench.fake.ran.lock().unwrap().len(), 10);
    assert_eq!(figures.partial, [("a.svg".to_owned(), 8, 10)]);
    let svg = std::fs::read_to_string(&figures.drawn[0]).unwrap();
    assert!(svg.contains("2 of 10 numbers are not there: the run failed: the loss is not finite at step 3."), "{svg}");
}

/// Writes the run `one` of seed 0 with a spectrum of a weight and of a kernel.
fn with_spectra(bench: &Bench) {
    let set = |k: &str, v: toml::Value| (k.to_owned(), v);
    let point = Point {
        config: bench.folder.path().join("run.toml"),
        sets: vec![set("optimizer.lr", 1.0.into()), set("seed", 0.into())],
    };
    let dir = bench.fake.plan(&point).unwrap().dir;
    let mut info = RunInfo { name: "fake".into(), backend: "flex".into(), ..RunInfo::default() };
    let mut writer = RunWriter::create(&dir, &info, "seed = 0\n").unwrap();
    let mut rows = StepRows::new(0);
    for kind in [Kind::Weight, Kind::Ck] {
        let id = MatrixId { step: 0, layer: "hidden.weight".into(), kind, view: "matrix".into() };
        let singular_values = (0..20).map(|i| 5.0 - 0.2 * f64::from(i)).collect();
        let (side, floor) = if kind == Kind::Ck { (20, 1.3) } else { (30, 0.0) };
        let spectrum =
            Spectrum { rows: side, cols: 20, route: Route::Svd, floor, singular_values, left: None, right: None };
        rows.spectra.push(SpectrumRow { id: id.clone(), spectrum });
        if kind == Kind::Ck {
            // x, then the density there: a triangle.
            let data = vec![1.0, 3.0, 5.0, 0.0, 0.5, 0.0];
            rows.blobs.push(Blob { id: id.clone(), name: "law".into(), rows: 3, cols: 2, data });
            rows.records.push(Record { id: id.clone(), metric: "law_outliers".into(), outcome: 1.0.into() });
        } else {
            for (metric, value) in [("mp_variance", 0.1), ("outliers", 2.0)] {
                rows.records.push(Record { id: id.clone(), metric: metric.into(), outcome: value.into() });
            }
        }
    }
    rows.records.sort_by(|a, b| (&a.id, &a.metric).cmp(&(&b.id, &b.metric)));
    writer.write_step(&rows).unwrap();
    info.status = Status::Finished;
    writer.finish(&info).unwrap();
}

#[test]
fn spectra_are_squares_of_weights_and_the_values_of_kernels() {
    let figure = r#"
[[figure]]
file = "spectra.svg"
title = "t"
panel = [
    { type = "spectrum", series = [{ run = "one", step = 0 }] },
    { type = "spectrum", series = [{ run = "one", kind = "ck" }] },
    { type = "spectrum", law = false, series = [{ run = "one" }, { run = "one", kind = "ck", label = "K" }] },
    { type = "spectrum", curve = "density", series = [{ run = "one", kind = "ck" }] },
    { type = "spectrum", x = { scale = "log" }, series = [{ run = "one", kind = "ck" }] },
]
"#;
    let claims = claim("c", CLAIMS[0]);
    let bench = Bench::new(&format!("{claims}{figure}"));
    with_spectra(&bench);
    let topic = Topic::read(bench.folder.path()).unwrap();
    let all = figures(&topic, &bench.fake, "small", None).unwrap();
    let panels = &all[0].figure.as_ref().unwrap().panels;
    let values = |mark: &Mark| match mark {
        Mark::Histogram(Histogram::Values(v)) => v.clone(),
        other => panic!("{other:?}"),
    };
    let marks = |k: usize| panels[k].layers.iter().map(|l| &l.mark).collect::<Vec<_>>();
    let [weight, Mark::Density(law), Mark::Rug(outliers)] = marks(0)[..] else { panic!("{:?}", panels[0]) };
    assert_eq!((values(weight)[0], outliers.as_slice()), (25.0, &[25.0, 4.8 * 4.8][..]));
    // The law of 28 x 18 entries of variance 0.1 ends at 0.1 (sqrt 28 + sqrt 18)^2.
    let edge = 0.1 * (28f64.sqrt() + 18f64.sqrt()).powi(2);
    assert!((law[law.len() - 1].0 - edge).abs() < 1e-12);
    let [kernel, Mark::Density(law), Mark::Rug(outliers)] = marks(1)[..] else { panic!("{:?}", panels[1]) };
    assert_eq!((law.as_slice(), outliers.as_slice()), (&[(1.0, 0.0), (3.0, 0.5), (5.0, 0.0)][..], &[5.0][..]));
    assert_eq!((values(kernel)[0], panels[1].x.label.as_str()), (5.0, "eigenvalue of K"));
    assert_eq!(
        (marks(2).iter().filter(|m| !matches!(m, Mark::Density(_))).count(), panels[2].layers[1].label.as_deref()),
        (4, Some("K"))
    );
    // No points of that name are stored.
    assert!(
        panels[3].notes[0].contains("no points `density` of hidden.weight ck up to step 0"),
        "{:?}",
        panels[3].notes
    );
    // On a logarithmic axis the value below the floor is not shown; the bars are still shares of all twenty.
    let Mark::Histogram(Histogram::Part { values, of }) = marks(4)[0] else { panic!("{:?}", panels[4]) };
    assert_eq!((values.len(), *of), (19, 20));
    assert_eq!(panels[4].notes, ["1 eigenvalues below the trusted 1.3 are not shown."]);
    let caption = all[0].figure.as_ref().unwrap().caption.clone().unwrap();
    assert_eq!(caption, "Scale small, seed 0.");
}

#[test]
fn what_is_wrong_is_named() {
    let figure = |text: &str| format!("{}\n[[figure]]\n{text}\n", claim("c", CLAIMS[0]));
    let good = "file = \"a.svg\"\ntitle = \"t\"\n";
    let one = "type = \"curve\"\nseries = [{ run = \"rates\", metric = \"alpha_hill\" }]";
    for (text, words) in [
        ("title = \"t\"\ntype = \"curve\"".to_owned(), "figure 1: file: is missing"),
        (format!("{good}{one}\ncolor = 1"), "figure `a.svg`: color: unknown key"),
        (format!("{good}{one}\nbnad = \"sd\""), "bnad: unknown key, did you mean `band`?"),
        (format!("{good}{one}\nband = \"se\""), "band: unknown variant `se`"),
        (format!("{good}{one}\ncolumns = 4"), "columns: expected 1, 2 or 3"),
        (
            format!("{good}{one}\nx = {{ scale = \"log\", range = [0.0, 1.0] }}"),
            "x.range: found [0, 1]; expected two ascending numbers, above 0",
        ),
        (format!("{good}{one}\nlines = [{{ label = \"l\" }}]"), "lines 1: expected one of `x` and `y`"),
        (format!("{good}{one}\nscales = [\"smal\"]"), "unknown scale `smal`, did you mean `small`?"),
        (format!("{good}{one}").replace("a.svg", "../a.svg"), "file: expected a file's name"),
        (format!("{good}{one}").replace("a.svg", "a.png"), "file: expected a file's name"),
        (format!("{good}{one}\n[[figure]]\n{good}{one}"), "file: stands there twice"),
        (format!("{good}{one}").replace("curve", "curv"), "type: unknown type `curv`, did you mean `curve`?"),
        (
            format!("{good}{one}").replace("run = \"rates\"", "run = \"rats\""),
            "series 1.run: unknown run `rats`, did you mean `rates`?",
        ),
        (format!("{good}{one}").replace("metric", "metrc"), "figure `a.svg`, series 1"),
        (format!("{good}{one}\nalong = \"data.d\""), "along: point 1 of the axis has no number `data.d`"),
        (format!("{good}{one}\npanel = []"), "panel: stands beside `type`"),
        (good.to_owned(), "panel: is missing"),
        (format!("{good}panel = []"), "panel: has no panel"),
        (format!("{good}type = \"curve\"\nseries = []"), "series: has no series"),
        (
            format!("{good}type = \"trajectory\"\nseries = [{{ run = \"one\", metric = \"kta\", step = 3 }}]"),
            "series 1.step: a trajectory is over all steps",
        ),
        (
            format!("{good}type = \"spectrum\"\nseries = [{{ run = \"rates\" }}]"),
            "series 1.at: is missing: the run has an axis at scale small",
        ),
        (
            format!("{good}type = \"spectrum\"\nseries = [{{ run = \"one\", metric = \"kta\" }}]"),
            "series 1: is a matrix",
        ),
        (
            format!("{good}type = \"spectrum\"\nseries = [{{ run = \"one\", step = \"largest\" }}]"),
            "series 1.step: expected a step",
        ),
        (
            format!("{good}type = \"scatter\"\nseries = [{{ run = \"one\", x = {{ metric = \"kta\" }} }}]"),
            "series 1: y: is missing",
        ),
        (
            format!(
                "{good}type = \"scatter\"\nseries = [{{ run = \"one\", x = {{ run = \"one\", metric = \"kta\" }}, y = {{ metric = \"kta\" }} }}]"
            ),
            "series 1: x: is a number of the series' own run",
        ),
    ] {
        let message = refused(&figure(&text));
        assert!(message.contains("claims.toml") && message.contains(words), "`{message}` lacks `{words}`");
    }
}
