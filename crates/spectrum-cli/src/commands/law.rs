//! `spectrum law`.

use serde_json::{Value, json};
use spectrum_law::MarchenkoPastur;
use spectrum_law::limit::{
    Complex, Constants, LimitLaw, NetworkShape, Population, Settings, conjugate_kernel_of, constants, explain,
    tangent_kernel,
};
use spectrum_models::ActivationKind;
use spectrum_report::figure::{Axis, Figure, Layer, Panel};
use spectrum_store::write_atomically;

use crate::args::{KernelLaw, LawCommand, MpLaw};
use crate::exit::Failure;
use crate::output;

/// Probabilities of the table.
const TABLE: [f64; 9] = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];

/// Layers of the deepest law: more take minutes.
const DEEPEST: usize = 32;

pub(crate) fn law(command: &LawCommand) -> Result<(), Failure> {
    match command {
        LawCommand::Mp(a) => marchenko_pastur(a),
        LawCommand::Ck(a) => kernel(a, false),
        LawCommand::Ntk(a) => kernel(a, true),
    }
}

fn marchenko_pastur(a: &MpLaw) -> Result<(), Failure> {
    let law = MarchenkoPastur::new(a.rows, a.cols, a.variance).map_err(Failure::input)?;
    let quantiles = law.quantiles(&TABLE).map_err(Failure::input)?;
    let (low, high) = (law.lower_edge(), law.upper_edge());
    let points = 400;
    // Quadratic at both ends, where the density has square roots.
    let grid: Vec<f64> = (0..=points)
        .map(|k| low + (high - low) * 0.5 * (1.0 - (std::f64::consts::PI * f64::from(k) / f64::from(points)).cos()))
        .collect();
    let density: Vec<f64> = grid.iter().map(|x| law.pdf(*x)).collect();
    let finite = |v: &[f64]| v.iter().all(|x| x.is_finite());
    if !(finite(&[low, high, law.edge_width()]) && finite(&quantiles) && finite(&density)) {
        let why = format!("--variance: {} leaves the range of f64 at this size", a.variance);
        return Err(Failure::input(why));
    }
    if a.shown.json {
        return output::json(&json!({
            "law": "mp", "rows": a.rows, "cols": a.cols, "variance": a.variance, "edges": [[low, high]],
            "edge_width": law.edge_width(), "quantiles": pairs(&quantiles), "grid": grid, "density": density,
        }));
    }
    let mut text = format!(
        "Marchenko-Pastur law of the eigenvalues of W^T W, W {} x {} with entries of variance {}\n\nsupport    {} to {}\nedge width {}  (Tracy-Widom)\n",
        a.rows,
        a.cols,
        a.variance,
        number(low),
        number(high),
        number(law.edge_width())
    );
    text.push_str(&table(&quantiles));
    output::print(&text)?;
    let title = format!("Marchenko-Pastur, {} x {}", a.rows, a.cols);
    draw(a.shown.svg.as_deref(), &title, "eigenvalue of W^T W", &grid, &density)
}

fn activation(name: &str) -> Result<(ActivationKind, Constants), Failure> {
    let Some(kind) = ActivationKind::ALL.into_iter().find(|k| k.as_str() == name) else {
        let known: Vec<&str> = ActivationKind::ALL.iter().map(|k| k.as_str()).collect();
        return Err(Failure::input(format!("--activation: unknown `{name}`; expected one of {}", known.join(", "))));
    };
    let found = constants(&|x| kind.at(x), &|x| kind.derivative_at(x)).map_err(Failure::input)?;
    Ok((kind, found))
}

fn kernel(a: &KernelLaw, tangent: bool) -> Result<(), Failure> {
    let (kind, constants) = activation(&a.activation)?;
    if a.depth_ratios.len() > DEEPEST {
        let why = format!("--depth-ratios: found {} layers, expected at most {DEEPEST}", a.depth_ratios.len());
        return Err(Failure::input(why));
    }
    let population = match a.data_ratio {
        Some(ratio) => Population::MarchenkoPastur { ratio },
        None => Population::Point,
    };
    let shape = NetworkShape { population, ratios: a.depth_ratios.clone(), constants };
    let settings = Settings::default();
    let rates = (!a.rates.is_empty()).then_some(&a.rates[..]);
    if let Some(at) = &a.explain {
        if !tangent {
            return Err(Failure::input("--explain unfolds the tangent kernel's recursion; expected `law ntk`"));
        }
        let z = match at[..] {
            [x] => Complex::new(x, 1e-3),
            [x, y] => Complex::new(x, y),
            _ => return Err(Failure::input(format!("--explain: found {} numbers, expected RE or RE,IM", at.len()))),
        };
        return output::print(&format!("{}\n", explain(&shape, rates, z, &settings).map_err(Failure::input)?));
    }
    if !tangent && rates.is_some() {
        return Err(Failure::input("--rates weigh the layers of the tangent kernel; expected `law ntk`"));
    }
    if tangent && a.layer.is_some() {
        return Err(Failure::input("--layer names a conjugate kernel; expected `law ck`"));
    }
    let layer = a.layer.unwrap_or(a.depth_ratios.len());
    if layer == 0 || layer > a.depth_ratios.len() {
        return Err(Failure::input(format!("--layer: found {layer}, expected 1 to {}", a.depth_ratios.len())));
    }
    let law = match tangent {
        true => tangent_kernel(&shape, rates, &settings),
        false => conjugate_kernel_of(&shape, layer, &settings),
    }
    .map_err(Failure::input)?;
    let quantiles: Vec<f64> =
        TABLE.iter().map(|p| law.quantile(*p)).collect::<Result<_, _>>().map_err(Failure::failed)?;
    let c = law.certificate();
    let converged = c.converged;
    if a.shown.json {
        output::json(&as_json(a, tangent, &shape, &law, &quantiles)?)?;
    } else {
        let what = if tangent {
            format!("Neural tangent kernel, {} hidden layers", a.depth_ratios.len())
        } else {
            format!("Conjugate kernel of layer {layer} of {}", a.depth_ratios.len())
        };
        let data = a.data_ratio.map_or("orthonormal samples".to_owned(), |r| format!("Gaussian samples, n/d_0 = {r}"));
        let mut text = format!(
            "{what}: limit law (Fan and Wang, arXiv 2005.11879)\n\ndata        {data}\nn/d_l       {}\nactivation  {} less {:.6}, over {:.6}: b = {:.6}, a = {:.6}\n",
            words(&a.depth_ratios),
            kind.as_str(),
            if constants.mean.abs() < 5e-7 { 0.0 } else { constants.mean },
            constants.sd,
            constants.b,
            constants.a
        );
        if tangent {
            let k = shape.coefficients(rates).map_err(Failure::input)?;
            text.push_str(&format!("q_0..q_L    {}\nr_+         {:.6}\n", words(&k.q), k.r_plus));
        }
        let edges: Vec<String> = law.edges().iter().map(|(l, h)| format!("{} to {}", number(*l), number(*h))).collect();
        text.push_str(&format!("support     {}\n", edges.join(", ")));
        for (x, mass) in law.atoms() {
            text.push_str(&format!("atom        at {} of mass {}\n", number(*x), number(*mass)));
        }
        text.push_str(&format!("mean        {}\nmass        {:.9}\nsolver      {c}\n", number(law.mean()), law.mass()));
        for note in law.notes() {
            text.push_str(&format!("note        {note}\n"));
        }
        text.push_str(&table(&quantiles));
        output::print(&text)?;
    }
    let (title, axis) = if tangent {
        ("Limit law of the neural tangent kernel", "eigenvalue of the tangent kernel")
    } else {
        ("Limit law of the conjugate kernel", "eigenvalue of the conjugate kernel")
    };
    if converged {
        draw(a.shown.svg.as_deref(), title, axis, law.grid(), law.density())?;
    }
    if converged { Ok(()) } else { Err(Failure::failed("the law did not converge; its numbers are not to be trusted")) }
}

fn as_json(
    a: &KernelLaw,
    tangent: bool,
    shape: &NetworkShape,
    law: &LimitLaw,
    quantiles: &[f64],
) -> Result<Value, Failure> {
    let (c, k) = (law.certificate(), &shape.constants);
    let rates = (!a.rates.is_empty()).then_some(&a.rates[..]);
    let coefficients = shape.coefficients(rates).map_err(Failure::input)?;
    let notes: Vec<String> = law.notes().iter().map(ToString::to_string).collect();
    Ok(json!({
        "law": if tangent { "ntk" } else { "ck" },
        "activation": { "name": a.activation, "mean": k.mean, "sd": k.sd, "b": k.b, "a": k.a },
        "data_ratio": a.data_ratio, "depth_ratios": a.depth_ratios, "rates": a.rates, "layer": a.layer,
        "q": coefficients.q, "r_plus": coefficients.r_plus,
        "edges": law.edges(), "atoms": law.atoms(), "mean": law.mean(), "mass": law.mass(),
        "certificate": {
            "converged": c.converged, "residual": c.residual, "mass_error": c.mass_error, "mean_error": c.mean_error,
            "points": c.points, "unconverged": c.unconverged, "iterations": c.iterations,
        },
        "notes": notes, "quantiles": pairs(quantiles), "grid": law.grid(), "density": law.density(),
    }))
}

fn pairs(quantiles: &[f64]) -> Vec<[f64; 2]> {
    TABLE.iter().zip(quantiles).map(|(p, q)| [*p, *q]).collect()
}

fn words(values: &[f64]) -> String {
    values.iter().map(|v| number(*v)).collect::<Vec<_>>().join("  ")
}

/// Six significant digits, without trailing zeros.
fn number(x: f64) -> String {
    if x == 0.0 {
        return "0".into();
    }
    if !(1e-12..1e15).contains(&x.abs()) {
        return format!("{x:e}");
    }
    let digits = (5 - x.abs().log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{x:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn table(quantiles: &[f64]) -> String {
    let mut text = "\nprobability   quantile\n".to_owned();
    for (p, q) in TABLE.iter().zip(quantiles) {
        text.push_str(&format!("{p:>11}   {}\n", number(*q)));
    }
    text
}

fn draw(file: Option<&std::path::Path>, title: &str, axis: &str, grid: &[f64], density: &[f64]) -> Result<(), Failure> {
    let Some(file) = file else { return Ok(()) };
    let points = grid.iter().copied().zip(density.iter().copied()).collect();
    let panel = Panel::new(Axis::linear(axis), Axis::linear("density")).with(Layer::density(points).label("limit law"));
    let figure = Figure::new(title).with(panel);
    write_atomically(file, figure.svg().as_bytes()).map_err(Failure::failed)
}
