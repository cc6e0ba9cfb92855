//! Tables of means and spreads over seeds, printed.

/// Seeds of a table.
pub const SEEDS: u64 = 5;

/// Mean and spread over the seeds, one number a metric.
pub fn summary(label: &str, names: &[&str], values: &[Vec<f64>]) {
    let mut line = format!("{label:<32}");
    for k in 0..names.len() {
        let column: Vec<f64> = values.iter().map(|v| v[k]).collect();
        let mean = column.iter().sum::<f64>() / column.len() as f64;
        let spread = (column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (column.len() as f64 - 1.0)).sqrt();
        line += &format!(" {mean:.4} ({spread:.4})");
    }
    println!("{line}");
}

pub fn header(title: &str, names: &[&str]) {
    println!("\n{title}\n  mean (standard deviation) over {SEEDS} seeds: {}", names.join(", "));
}
