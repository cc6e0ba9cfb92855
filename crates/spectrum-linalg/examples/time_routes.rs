//! Times the routes of one matrix on one thread and prints JSON: `time_routes ROWS COLS VECTORS REPEATS ROUTE...`.
//!
//! The matrix is Gaussian-like noise with a fixed seed. Times are seconds; each repeat is listed, so that the caller
//! may take the median or the minimum. `benches/compare.py` reads this.

use std::process::ExitCode;
use std::str::FromStr;
use std::time::Instant;

use serde_json::json;
use spectrum_core::Route;
use spectrum_linalg::Plan;

fn noise(len: usize) -> Vec<f64> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 * 2f64.powi(-53)
    };
    // A sum of four uniform numbers: close to Gaussian, and the same everywhere.
    (0..len).map(|_| next() + next() + next() + next() - 2.0).collect()
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<usize> = args.iter().take(4).filter_map(|a| a.parse().ok()).collect();
    let (&[rows, cols, vectors, repeats], routes) = (&numbers[..], args.get(4..).unwrap_or_default()) else {
        eprintln!("usage: time_routes ROWS COLS VECTORS REPEATS ROUTE...");
        return ExitCode::from(2);
    };
    let a = noise(rows * cols);
    let mut plan = Plan::new();
    let mut out = serde_json::Map::new();
    for name in routes {
        let times: Result<Vec<f64>, String> = Route::from_str(name).map_err(|e| e.to_string()).and_then(|route| {
            plan.spectrum_of(&a, rows, cols, route, vectors).map_err(|e| e.to_string())?;
            (0..repeats)
                .map(|_| {
                    let start = Instant::now();
                    plan.spectrum_of(&a, rows, cols, route, vectors).map_err(|e| e.to_string())?;
                    Ok(start.elapsed().as_secs_f64())
                })
                .collect()
        });
        match times {
            Ok(times) => out.insert(name.clone(), json!(times)),
            Err(e) => {
                eprintln!("{name}: {e}");
                return ExitCode::FAILURE;
            }
        };
    }
    println!("{}", json!({ "rows": rows, "cols": cols, "vectors": vectors, "seconds": out }));
    ExitCode::SUCCESS
}
