//! `summary.csv`: over seeds, the mean of every number of the last step, with its 95 % interval.

use std::collections::BTreeMap;
use std::fmt::Write;

use spectrum_core::Outcome;

use super::PointStatus;
use super::collect::Collected;
use super::text::{field, number, value_field};

/// A code of a class has no mean.
const CODES: [&str; 3] = ["shape_class", "best_tail", "training_warning"];

/// One line for each setting (the swept keys without the seed), matrix and metric; layer, kind and view are empty for a
/// scalar. `seeds`: finished points of the setting; `n`: those of them with a value; `mean`; `sd`: sample standard
/// deviation (n - 1); `low`, `high`: mean -+ t(0.975, n - 1) sd/sqrt(n) of Student's t. Without two values no spread.
///
/// Points that did not finish have no part in it: a mean over half-trained networks says nothing. Classes are left out.
pub(crate) fn csv(keys: &[String], seeds: usize, all: &[Collected]) -> String {
    let settings = if seeds > 0 { &keys[..keys.len() - 1] } else { keys };
    let mut out = String::new();
    for key in settings {
        let _ = write!(out, "{},", field(key));
    }
    out.push_str("layer,kind,view,metric,seeds,n,mean,sd,low,high\n");
    let mut t = Student::default();
    for group in all.chunks(seeds.max(1)) {
        let start: String =
            group[0].point.values[..settings.len()].iter().map(|(_, v)| format!("{},", value_field(v))).collect();
        let finished: Vec<&Collected> = group.iter().filter(|c| c.point.status == PointStatus::Finished).collect();
        let mut numbers: BTreeMap<(&str, &str, &str, &str), Vec<f64>> = BTreeMap::new();
        let mut add = |id, outcome: &Outcome| numbers.entry(id).or_default().extend(outcome.value());
        for c in &finished {
            for (name, outcome) in &c.last.scalars {
                add(("", "", "", name), outcome);
            }
            for ((layer, kind, view), (_, metrics)) in &c.last.matrices {
                for (metric, outcome) in metrics.iter().filter(|(m, _)| !CODES.contains(&m.as_str())) {
                    add((layer, kind, view, metric), outcome);
                }
            }
        }
        for ((layer, kind, view, metric), values) in numbers {
            let (layer, view, metric) = (field(layer), field(view), field(metric));
            let _ = write!(out, "{start}{layer},{kind},{view},{metric},{},{}", finished.len(), values.len());
            for x in statistics(&values, &mut t) {
                let _ = write!(out, ",{}", number(x.map(Outcome::from).as_ref()));
            }
            out.push('\n');
        }
    }
    out
}

/// Mean, standard deviation, and the ends of the interval.
fn statistics(values: &[f64], student: &mut Student) -> [Option<f64>; 4] {
    let n = values.len() as f64;
    if values.is_empty() {
        return [None; 4];
    }
    let mean = values.iter().map(|x| x / n).sum::<f64>();
    if values.len() < 2 {
        return [Some(mean), None, None, None];
    }
    let sd = (values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0)).sqrt();
    let half = student.quantile(values.len() - 1) * sd / n.sqrt();
    [Some(mean), Some(sd), Some(mean - half), Some(mean + half)]
}

/// The 97.5 % quantiles of Student's t that were asked for.
#[derive(Debug, Default)]
pub(crate) struct Student(BTreeMap<usize, f64>);

impl Student {
    /// For `freedom` degrees of freedom, at least 1.
    pub fn quantile(&mut self, freedom: usize) -> f64 {
        *self.0.entry(freedom).or_insert_with(|| {
            let (mut low, mut high) = (0.0f64, 16.0f64);
            while high - low > 4.0 * f64::EPSILON * high {
                let middle = 0.5 * (low + high);
                if central(middle, freedom) < 0.95 { low = middle } else { high = middle }
            }
            0.5 * (low + high)
        })
    }
}

/// P(|T| < t): Abramowitz and Stegun, equations 26.7.3 (odd) and 26.7.4 (even degrees of freedom).
fn central(t: f64, freedom: usize) -> f64 {
    let theta = (t / (freedom as f64).sqrt()).atan();
    let (sin, cos2) = (theta.sin(), theta.cos() * theta.cos());
    let odd = freedom % 2 == 1;
    let terms = if odd { (freedom - 1) / 2 } else { freedom / 2 };
    let (mut term, mut sum) = (if odd { theta.cos() } else { 1.0 }, 0.0);
    for k in 1..=terms {
        sum += term;
        let k = k as f64;
        term *= cos2 * if odd { 2.0 * k / (2.0 * k + 1.0) } else { (2.0 * k - 1.0) / (2.0 * k) };
    }
    if odd { std::f64::consts::FRAC_2_PI * (theta + sin * sum) } else { sin * sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SciPy 1.17.1: `stats.t.ppf(0.975, k)`.
    #[test]
    fn quantiles_are_scipys() {
        let mut t = Student::default();
        for (freedom, expected) in [
            (1, 12.706204736174694),
            (2, 4.302652729749462),
            (3, 3.1824463052837078),
            (4, 2.7764451051977934),
            (9, 2.262157162798205),
            (29, 2.045229642132703),
            (100, 1.9839715185235518),
        ] {
            let found = t.quantile(freedom);
            assert!((found / expected - 1.0).abs() < 1e-13, "{freedom}: {found}");
        }
    }

    /// NumPy 2.4.6 and SciPy 1.17.1, x = [1, 2, 4]: `mean(x)`, `std(x, ddof=1)`, `stats.t.interval(0.95, 2, mean, sd/sqrt(3))`.
    #[test]
    fn the_interval_is_scipys() {
        let expected = [2.3333333333333335, 1.5275252316519465, -1.461249700263426, 6.1279163669300925];
        for (found, expected) in statistics(&[1.0, 2.0, 4.0], &mut Student::default()).into_iter().zip(expected) {
            assert!((found.unwrap() / expected - 1.0).abs() < 1e-13, "{found:?} {expected}");
        }
        assert_eq!(statistics(&[3.0], &mut Student::default()), [Some(3.0), None, None, None]);
    }
}
