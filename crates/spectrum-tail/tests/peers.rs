//! Against WeightWatcher 0.7.7, powerlaw 2.0.0 and scipy on fifteen spectra (tests/fixtures/peers.py says with which
//! settings, and what each recorded number is).
#![allow(clippy::unwrap_used)]

use spectrum_tail::{
    Alternative, Cutoff, Distance, FitOptions, TailError, TailFit, compare, fit, fit_alternative, scan,
};

struct Case {
    name: &'static str,
    values: Vec<f64>,
    /// Label and what follows it.
    lines: Vec<Vec<&'static str>>,
}

impl Case {
    fn numbers(&self, label: &str) -> Option<Vec<f64>> {
        let line = self.lines.iter().find(|l| l[0] == label)?;
        Some(line[1..].iter().map(|x| x.parse().unwrap()).collect())
    }

    fn of(&self, label: &'static str) -> impl Iterator<Item = (Alternative, Option<Vec<f64>>)> + '_ {
        self.lines.iter().filter(move |l| l[0] == label).map(|l| {
            let numbers: Result<Vec<f64>, _> = l[2..].iter().map(|x| x.parse()).collect();
            (l[1].parse().unwrap(), numbers.ok())
        })
    }
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in include_str!("fixtures/peers.txt").lines() {
        let mut words = line.split(' ');
        match words.next().unwrap() {
            "spectrum" => cases.push(Case { name: words.next().unwrap(), values: Vec::new(), lines: Vec::new() }),
            "values" => cases.last_mut().unwrap().values = words.map(|x| x.parse().unwrap()).collect(),
            _ => cases.last_mut().unwrap().lines.push(line.split(' ').collect()),
        }
    }
    assert_eq!(cases.len(), 15);
    cases
}

fn relative(a: f64, b: f64) -> f64 {
    (a - b).abs() / b.abs()
}

#[test]
fn weightwatchers_fit() {
    for case in cases() {
        let [alpha, sigma, xmin, d, size] = case.numbers("ww").unwrap()[..] else { panic!() };
        let ours = fit(&case.values, 0.0, &FitOptions::ww()).unwrap();
        assert!(relative(ours.alpha, alpha) < 1e-9, "{}: {ours:?}", case.name);
        assert_eq!((ours.xmin, ours.tail_size as f64), (xmin, size), "{}", case.name);
        assert!((ours.distance - d).abs() < 1e-9, "{}: {ours:?}", case.name);
        if sigma > 0.0 {
            assert!(relative(ours.sigma, sigma) < 1e-9, "{}: {ours:?}", case.name);
        } else {
            // Under eight values WeightWatcher takes sigma from an alpha that it has not set yet: -1/sqrt(n).
            assert_eq!(case.name, "six");
            assert!(relative(ours.sigma, (ours.alpha - 1.0) / 6f64.sqrt()) < 1e-15);
        }
        assert_eq!(ours.small_sample, case.values.len() < 20, "{}", case.name);
    }
}

/// With its one-sided distance, and without ties, of which it looks at the first only.
#[test]
fn powerlaws_fit() {
    let options = FitOptions { distance: Distance::KolmogorovSmirnovOneSided, ..FitOptions::csn() };
    let mut seen = 0;
    for case in cases() {
        let Some(line) = case.numbers("powerlaw") else { continue };
        let [alpha, sigma, xmin, d, size] = line[..] else { panic!() };
        if case.name == "ties" {
            continue;
        }
        let ours = fit(&case.values, 0.0, &options).unwrap();
        assert!(relative(ours.alpha, alpha) < 1e-6 && relative(ours.sigma, sigma) < 1e-6, "{}: {ours:?}", case.name);
        assert_eq!((ours.xmin, ours.tail_size as f64), (xmin, size), "{}", case.name);
        assert!((ours.distance - d).abs() < 1e-9, "{}: {ours:?}", case.name);
        seen += 1;
    }
    assert_eq!(seen, 11);
}

/// The cut-off by an exhaustive search in numpy with scipy's two-sided distance, Kuiper's, and the integral that
/// defines Anderson's and Darling's; ties included.
#[test]
fn every_distance_by_exhaustive_search() {
    let distances =
        [("csn", Distance::KolmogorovSmirnov), ("kuiper", Distance::Kuiper), ("ad", Distance::AndersonDarling)];
    for case in cases() {
        for (label, distance) in distances {
            let Some(line) = case.numbers(label) else { continue };
            let [alpha, xmin, d, size] = line[..] else { panic!() };
            let ours = fit(&case.values, 0.0, &FitOptions { distance, ..FitOptions::csn() }).unwrap();
            assert!(relative(ours.alpha, alpha) < 1e-12, "{} {label}: {ours:?}", case.name);
            assert_eq!((ours.xmin, ours.tail_size as f64), (xmin, size), "{} {label}", case.name);
            assert!((ours.distance - d).abs() < 1e-12, "{} {label}: {ours:?}, {d}", case.name);
        }
    }
}

#[test]
fn a_scan_has_the_fit_in_it() {
    for case in cases() {
        for options in [FitOptions::csn(), FitOptions::ww()] {
            let best = fit(&case.values, 0.0, &options).unwrap();
            let all = scan(&case.values, 0.0, &options).unwrap();
            let least = all.distance.iter().copied().fold(f64::INFINITY, f64::min);
            let i = all.distance.iter().position(|d| *d == least).unwrap();
            assert_eq!(
                (all.xmin[i], all.alpha[i], all.sigma[i], all.distance[i], all.tail_size[i]),
                (best.xmin, best.alpha, best.sigma, best.distance, best.tail_size),
                "{}",
                case.name
            );
            assert!(all.xmin.is_sorted() && (all.xmin.len() > 4 || case.name == "six"));
        }
    }
}

fn on_powerlaws_tail(case: &Case) -> Option<TailFit> {
    let xmin = case.numbers("powerlaw")?[2];
    Some(fit(&case.values, 0.0, &FitOptions { cutoff: Cutoff::Fixed(xmin), ..FitOptions::csn() }).unwrap())
}

/// Likelihoods by powerlaw's own code at the end of a search that was repeated until it stood still.
#[test]
fn alternatives_and_ratios() {
    let (mut maxima, mut limits) = (0, 0);
    for case in cases() {
        let Some(tail) = on_powerlaws_tail(&case) else { continue };
        for (alternative, expected) in case.of("alt") {
            let context = format!("{} {alternative}", case.name);
            let ours = fit_alternative(&case.values, &tail, alternative);
            let Some(expected) = expected else {
                assert_eq!(ours, Err(TailError::TowardsPowerLaw { alternative }), "{context}");
                limits += 1;
                continue;
            };
            let [first, second, log_likelihood, ratio, normalized, p] = expected[..] else { panic!() };
            let ours = ours.unwrap();
            assert!((ours.log_likelihood - log_likelihood).abs() < 1e-6, "{context}: {ours:?} {log_likelihood}");
            assert!(ours.log_likelihood > log_likelihood - 1e-8, "{context}: {ours:?} {log_likelihood}");
            let vuong = compare(&case.values, &tail, &ours).unwrap();
            assert!((vuong.ratio - ratio).abs() < 1e-6, "{context}: {vuong:?} {ratio}");
            if ratio.abs() > 1e-6 {
                assert!((vuong.p - p).abs() < 1e-6, "{context}: {vuong:?} {p}");
                assert!((vuong.normalized - normalized).abs() < 2e-6, "{context}: {vuong:?} {normalized}");
            } else {
                assert!(vuong.p > 0.999, "{context}: {vuong:?}");
            }
            assert_eq!(vuong.nested, alternative == Alternative::TruncatedPowerLaw);
            // Where the likelihood is curved, the parameters agree too.
            if ratio.abs() > 2.0 && ours.parameters.iter().all(|v| v.abs() > 1e-3) {
                assert!(relative(ours.parameters[0], first) < 1e-4, "{context}: {ours:?} {first}");
                assert!(relative(ours.parameters[1], second) < 1e-4, "{context}: {ours:?} {second}");
            }
            maxima += 1;
        }
    }
    assert_eq!((maxima, limits), (42, 6));
}

/// powerlaw's own stop, wherever the family has a maximum: never above ours by more than rounding, sometimes well
/// below.
#[test]
fn no_search_of_powerlaws_finds_more() {
    let mut behind = 0.0f64;
    for case in cases() {
        let Some(tail) = on_powerlaws_tail(&case) else { continue };
        for (alternative, raw) in case.of("raw") {
            let Ok(ours) = fit_alternative(&case.values, &tail, alternative) else { continue };
            let lead = ours.log_likelihood - raw.unwrap()[0];
            assert!(lead > -1e-8, "{} {alternative}: {lead:e}", case.name);
            behind = behind.max(lead);
        }
    }
    assert!(behind > 0.1, "{behind}");
}

/// The median of the same values by the same formula: the convention is the estimator, and has a distance.
#[test]
fn hill_is_the_median_cutoff() {
    for case in cases() {
        let ours = fit(&case.values, 0.0, &FitOptions::hill()).unwrap();
        let hill = spectrum_tail::hill_median(&case.values, 0.0).unwrap();
        assert_eq!((ours.alpha, ours.xmin, ours.tail_size), (hill.alpha, hill.xmin, hill.tail_size));
        assert_eq!(ours.sigma, hill.standard_error);
        let fixed = FitOptions { cutoff: Cutoff::Fixed(hill.xmin), min_tail: 2, ..FitOptions::csn() };
        let fixed = fit(&case.values, 0.0, &fixed).unwrap();
        if fixed.tail_size == ours.tail_size {
            assert!((fixed.distance - ours.distance).abs() < 1e-14, "{}", case.name);
            assert!(relative(fixed.alpha, ours.alpha) < 1e-13);
        }
    }
}
