//! Times the limit laws of a network of depth 1 to 5 and prints their certificates.
//!
//! `cargo run --release -p spectrum-law --example limit_laws`

use std::time::Instant;

use spectrum_law::limit::{NetworkShape, Population, Settings, conjugate_kernel, constants, tangent_kernel};
use spectrum_law::{LawError, MarchenkoPastur};

fn main() -> Result<(), LawError> {
    let tanh = constants(&f64::tanh, &|x| 1.0 - x.tanh().powi(2))?;
    // The spectrum that a data Gram matrix of 1000 samples of dimension 1500 has.
    let law = MarchenkoPastur::new(1500, 1000, 1.0 / 1500.0)?;
    let quantiles: Vec<f64> = law.quantiles(&(0..1000).map(|i| (f64::from(i) + 0.5) / 1000.0).collect::<Vec<_>>())?;
    println!("{:>5}  {:<22} {:<4} {:>8}  {:>6}  support, certificate", "depth", "population", "law", "seconds", "grid");
    for depth in 1..=5 {
        for (name, population) in [
            ("Marchenko-Pastur 2/3", Population::MarchenkoPastur { ratio: 2.0 / 3.0 }),
            ("1000 eigenvalues", Population::Eigenvalues(quantiles.clone())),
        ] {
            let shape = NetworkShape { population, ratios: vec![0.5; depth], constants: tanh };
            for kernel in ["ck", "ntk"] {
                let start = Instant::now();
                let law = match kernel {
                    "ck" => conjugate_kernel(&shape, &Settings::default())?,
                    _ => tangent_kernel(&shape, None, &Settings::default())?,
                };
                let seconds = start.elapsed().as_secs_f64();
                println!(
                    "{depth:>5}  {name:<22} {kernel:<4} {seconds:>8.3}  {:>6}  {:?}",
                    law.grid().len(),
                    law.edges()
                );
                println!("       {}", law.certificate());
            }
        }
    }
    Ok(())
}
