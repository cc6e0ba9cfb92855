//! Fits the eigenvalues in a file, one a line, and prints the fit with its rivals as one JSON document.
//!
//! usage: fit_file FILE REPEATS [csn|ww|hill]
//!
//! REPEATS fits are timed one by one; the rivals are fitted once, untimed. `experiments/parity` holds the output against other
//! implementations.

use std::time::Instant;

use spectrum_tail::{Alternative, Convention, FitOptions, compare, fit, fit_alternative};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, repeats, rest @ ..] = &args[..] else { return Err("usage: fit_file FILE REPEATS [csn|ww|hill]".into()) };
    let convention: Convention = rest.first().map_or("ww", String::as_str).parse()?;
    let mut values =
        std::fs::read_to_string(file)?.split_whitespace().map(str::parse::<f64>).collect::<Result<Vec<f64>, _>>()?;
    values.sort_unstable_by(f64::total_cmp);
    let options = FitOptions::of(convention);
    let mut seconds = Vec::new();
    let mut found = fit(&values, 0.0, &options)?;
    for _ in 0..repeats.parse::<usize>()? {
        let start = Instant::now();
        found = fit(std::hint::black_box(&values), 0.0, &options)?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    let rivals: Vec<String> = Alternative::ALL
        .into_iter()
        .map(|a| {
            let compared = fit_alternative(&values, &found, a).and_then(|rival| compare(&values, &found, &rival));
            match compared {
                Ok(v) => {
                    format!("\"{a}\": {{\"R\": {:e}, \"normalized\": {:e}, \"p\": {:e}}}", v.ratio, v.normalized, v.p)
                }
                Err(e) => format!("\"{a}\": {{\"reason\": \"{e}\"}}"),
            }
        })
        .collect();
    println!(
        "{{\"alpha\": {:e}, \"sigma\": {:e}, \"xmin\": {:e}, \"distance\": {:e}, \"tail_size\": {}, \"seconds\": {seconds:?}, \"rivals\": {{{}}}}}",
        found.alpha,
        found.sigma,
        found.xmin,
        found.distance,
        found.tail_size,
        rivals.join(", ")
    );
    Ok(())
}
