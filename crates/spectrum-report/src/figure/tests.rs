//! The file as a whole: well formed, complete, and unharmed by what it is given.

use proptest::prelude::*;

use super::*;

/// A minimal reader of XML: tags nest, attributes are quoted, no stray `<` or `&`. The texts between tags, in order.
fn texts(svg: &str) -> Vec<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut out = Vec::new();
    let mut rest = svg.trim_end();
    while let Some(start) = rest.find('<') {
        let text = &rest[..start];
        for part in text.split('&').skip(1) {
            let entity = part.split(';').next().unwrap();
            assert!(["amp", "lt", "gt", "quot"].contains(&entity), "&{entity}");
        }
        if !text.is_empty() {
            assert!(!open.is_empty(), "text outside the root: {text}");
            out.push(text.to_owned());
        }
        let end = start + rest[start..].find('>').expect("a tag that does not end");
        let tag = &rest[start + 1..end];
        assert!(!tag.contains('<'), "{tag}");
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        let closed = tag.strip_suffix('/');
        let inner = closed.unwrap_or(tag);
        let name = inner.split(' ').next().unwrap();
        let mut attributes = inner[name.len()..].trim();
        let mut seen = Vec::new();
        while !attributes.is_empty() {
            let (key, value) = attributes.split_once("=\"").unwrap_or_else(|| panic!("no attribute: {attributes}"));
            let (value, after) = value.split_once('"').unwrap();
            assert!(!key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{key}");
            assert!(!seen.contains(&key), "{key} stands there twice");
            assert!(!value.contains("NaN") && !value.contains("inf"), "{key}={value}");
            seen.push(key);
            attributes = after.trim_start();
        }
        if closed.is_none() {
            open.push(name);
        }
    }
    assert!(open.is_empty() && rest.is_empty(), "{open:?} {rest}");
    out
}

fn hill() -> Vec<(f64, f64)> {
    vec![(0.001, 2.46), (0.01, 2.46), (0.1, 2.42), (1.0, 1.83), (10.0, 1.7)]
}

fn everything() -> Figure {
    let band = hill().into_iter().map(|(_, y)| (y - 0.05, y + 0.05)).collect();
    let curves = Panel::new(Axis::log("learning rate").unit("1"), Axis::linear("Hill estimate of s^{2}"))
        .title("Adam & \"GD\" <ten>")
        .with(Layer::line(hill()).band(band).markers().label("Adam"))
        .with(Layer::line(hill().into_iter().map(|(x, y)| (x, y + 0.1)).collect()).dashed().label("GD"))
        .with(Layer::horizontal(2.46).label("Gaussian").dashed())
        .with(Layer::error_bars(vec![(0.1, 2.2, 2.1, 2.3)]).label("seeds"));
    let values: Vec<f64> = (1..400).map(|i| 0.002 * f64::from(i)).collect();
    let law = (1..200).map(|i| (0.004 * f64::from(i), 1.2 - 0.004 * f64::from(i))).collect();
    let spectrum = Panel::new(Axis::linear("eigenvalue"), Axis::linear("density"))
        .title("Spectrum")
        .with(Layer::histogram(Histogram::Values(values)).label("eigenvalues"))
        .with(Layer::density(law).label("law"))
        .with(Layer::vertical(0.8).label("edge"))
        .with(Layer::rug(vec![0.81, 0.95]).label("outliers"));
    let scatter = Panel::new(Axis::linear("Hill"), Axis::log("test loss"))
        .title("Scatter")
        .with(Layer::points(hill(), Shape::Square).colour(Colour::Ramp(0.2)).label("0.1"))
        .with(Layer::points(hill(), Shape::Diamond).colour(Colour::Ramp(0.9)).label("1"));
    Figure::new("Ten steps")
        .with(curves)
        .with(spectrum)
        .with(scatter)
        .caption("Bands: least and greatest of three seeds.")
}

#[test]
fn the_file_is_well_formed_and_says_everything() {
    let svg = everything().svg();
    let texts = texts(&svg);
    for wanted in [
        "Ten steps",
        "Adam &amp; &quot;GD&quot; &lt;ten&gt;",
        "learning rate [1]",
        "Hill estimate of s",
        "Adam",
        "GD",
        "Gaussian",
        "seeds",
        "eigenvalues",
        "law",
        "edge",
        "outliers",
        "density",
        "Bands: least and greatest of three seeds.",
        "10",
        "−2",
        "1.8",
        "2.4",
    ] {
        assert!(texts.iter().any(|t| t == wanted), "{wanted} in {texts:?}");
    }
    assert!(svg.contains("prefers-color-scheme:dark") && svg.len() < 20_000, "{}", svg.len());
    assert_eq!(svg, everything().svg());
    assert_eq!(svg.matches("<clipPath").count(), 3);
    // Each layer is drawn in its colour: two curves, bars, a law, error bars, and places of a ramp.
    for class in ["c0", "c1", "c2", "quiet", "r3", "r14"] {
        assert!(
            svg.contains(&format!("<g class=\"{class}\">")) && svg.contains(&format!(".{class}{{color:")),
            "{class}"
        );
    }
}

#[test]
fn the_legend_stands_above_the_plot() {
    let svg = everything().svg();
    let top: f64 = svg
        .split("<clipPath")
        .nth(1)
        .unwrap()
        .split("y=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let before = svg.split("<clipPath").next().unwrap();
    let label =
        before.split("<text").find(|t| t.ends_with(">Adam</text><g class=\"c1\">") || t.contains(">Adam<")).unwrap();
    let y: f64 = label.split("y=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    assert!(y < top, "{y} {top}");
}

#[test]
fn panels_with_one_legend_share_it() {
    let panel = |title: &str| {
        Panel::new(Axis::linear("x"), Axis::linear("y")).title(title).with(Layer::line(hill()).label("the same words"))
    };
    let shared = Figure::new("t").with(panel("a")).with(panel("b")).svg();
    assert_eq!(shared.matches("the same words").count(), 1);
    // One more in one of them is no reason to repeat the others; the same words for another colour are.
    let more = panel("b").with(Layer::horizontal(2.0).label("another"));
    assert_eq!(Figure::new("t").with(panel("a")).with(more).svg().matches("the same words").count(), 1);
    let mut other = panel("b");
    other.layers[0].colour = Some(Colour::Series(4));
    assert_eq!(Figure::new("t").with(panel("a")).with(other).svg().matches("the same words").count(), 2);
}

#[test]
fn panels_may_share_their_axes() {
    let panel =
        |top: f64| Panel::new(Axis::linear("x"), Axis::log("y")).with(Layer::line(vec![(0.0, 1.0), (1.0, top)]));
    let figure = Figure::new("t").with(panel(10.0)).with(panel(1e7));
    let tick = |f: &Figure, text: &str| texts(&f.svg()).iter().filter(|t| *t == text).count();
    // 10^{6} stands beside both axes then, with its exponent as an element of its own.
    assert_eq!((tick(&figure, "6"), tick(&figure.shared_axes(), "6")), (1, 2));
}

#[test]
fn what_cannot_be_drawn_is_counted() {
    let bad = vec![(0.1, 1.0), (0.2, f64::NAN), (0.3, f64::INFINITY), (-1.0, 2.0), (0.0, 1.0), (0.4, 2.0)];
    let panel =
        Panel::new(Axis::log("x"), Axis::linear("y")).with(Layer::line(bad.clone()).band(vec![(f64::NAN, 1.0); 6]));
    let svg = Figure::new("t").with(panel).svg();
    texts(&svg);
    assert!(svg.contains("4 points are left out: not finite, or not above 0 on a logarithmic axis."), "{svg}");

    let panel =
        Panel::new(Axis::linear("x").range(0.0, 0.3), Axis::linear("y")).with(Layer::points(bad, Shape::Circle));
    let svg = Figure::new("t").with(panel).svg();
    assert!(
        svg.contains("2 points are left out: not finite.") && svg.contains("2 points are beyond the axes."),
        "{svg}"
    );

    let values = Histogram::Values(vec![0.1, 0.2, 0.3, 7.5, -1.0, f64::NAN]);
    let svg = Figure::new("t")
        .with(Panel::new(Axis::linear("x").range(0.0, 1.0), Axis::linear("y")).with(Layer::histogram(values)))
        .svg();
    assert!(
        svg.contains("1 value is left out: not finite.") && svg.contains("2 values are beyond the axis, up to 7.5."),
        "{svg}"
    );
}

#[test]
fn nothing_at_all_is_a_figure_too() {
    let empty = Panel::new(Axis::log("x"), Axis::log("y"));
    for figure in [
        Figure::default(),
        Figure::new("t").with(empty.clone()),
        Figure::new("t").with(empty.clone().with(Layer::line(Vec::new()))),
    ] {
        let svg = figure.svg();
        texts(&svg);
        assert!(svg.contains("There is nothing to draw."));
    }
    for layer in [
        Layer::histogram(Histogram::Values(Vec::new())),
        Layer::density(Vec::new()),
        Layer::rug(vec![f64::NAN]),
        Layer::vertical(f64::INFINITY),
        Layer::horizontal(-1.0),
        Layer::error_bars(Vec::new()),
        Layer::histogram(Histogram::Bars { edges: vec![3.0, 1.0], heights: vec![f64::NAN, 2.0, 3.0] }),
        Layer::points(vec![(1e-320, 1e308), (1e308, 1e-320)], Shape::Triangle),
        Layer::line(vec![(1.0, 1.0)]).band(vec![(2.0, 1.0)]),
    ] {
        texts(&Figure::new("t").with(empty.clone().with(layer)).svg());
    }
}

#[test]
fn a_long_curve_stays_small() {
    let points: Vec<(f64, f64)> = (0..20_000).map(|i| (f64::from(i), (0.001 * f64::from(i)).sin())).collect();
    let many: Vec<(f64, f64)> =
        (0..20_000).map(|i| (f64::from(i * 7919 % 20_011), f64::from(i * 104_729 % 9_973))).collect();
    let panel = Panel::new(Axis::linear("x"), Axis::linear("y"))
        .with(Layer::line(points.clone()).band(points.iter().map(|p| (p.1 - 0.1, p.1 + 0.1)).collect()));
    assert!(Figure::new("t").with(panel).svg().len() < 20_000);
    let panel = Panel::new(Axis::linear("x"), Axis::linear("y")).with(Layer::points(many, Shape::Circle));
    let size = Figure::new("t").with(panel).svg().len();
    assert!(size < 60_000, "{size}");
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), -10.0..10.0f64, Just(0.0), Just(f64::NAN), Just(1.0)]
}

proptest! {
    #[test]
    fn no_input_spoils_the_file(
        points in proptest::collection::vec((any_number(), any_number()), 0..20),
        range in proptest::option::of((any_number(), any_number())),
        words in ".{0,30}", logs in any::<(bool, bool)>(), columns in proptest::option::of(0usize..6), panels in 1usize..5,
    ) {
        let axis = |log: bool| if log { Axis::log(words.clone()) } else { Axis::linear(words.clone()) };
        let x = Axis { range, ..axis(logs.0) };
        let xs: Vec<f64> = points.iter().map(|p| p.0).collect();
        let around: Vec<(f64, f64)> = points.iter().map(|p| (p.1, p.0)).collect();
        let panel = Panel::new(x, axis(logs.1)).title(words.clone())
            .with(Layer::line(points.clone()).band(around).markers().label(words.clone()))
            .with(Layer::points(points.clone(), Shape::nth(panels)))
            .with(Layer::histogram(Histogram::Values(xs.clone())))
            .with(Layer::density(points.clone()))
            .with(Layer::error_bars(points.iter().map(|p| (p.0, p.1, p.0, p.1)).collect()))
            .with(Layer::rug(xs));
        let figure = Figure { title: words.clone(), caption: Some(words), panels: vec![panel; panels], columns, shared_axes: logs.0 };
        texts(&figure.svg());
    }
}
