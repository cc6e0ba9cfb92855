//! Ticks at round numbers.

use super::axis::Scale;
use super::text::{compact, decimal, power_of_ten};

/// A mark on an axis; the small ones between have no text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub at: f64,
    pub text: Option<String>,
}

/// Ticks within the ends, ascending, with at most about `most` texts and at least two.
pub(crate) fn ticks(scale: Scale, low: f64, high: f64, most: usize) -> Vec<Tick> {
    let most = most.clamp(2, 20);
    match scale {
        Scale::Linear => linear(low, high, most),
        Scale::Log10 => logarithmic(low, high, most),
    }
}

/// Multiples of 1, 2 or 5 times a power of ten: the finest step that does not give many more than `most`.
fn linear(low: f64, high: f64, most: usize) -> Vec<Tick> {
    let raw = high / most as f64 - low / most as f64;
    let unit = 10f64.powi(raw.log10().floor() as i32);
    if !(unit > 0.0 && unit.is_finite()) {
        return Vec::new();
    }
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * unit).find(|s| *s >= 0.75 * raw);
    let step = step.unwrap_or(10.0 * unit);
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    let count = (last - first).clamp(-1.0, 40.0) as i64;
    let values: Vec<f64> = (0..=count).map(|i| (first + i as f64) * step).collect();
    let size = values.iter().fold(step, |a, v| a.max(v.abs()));
    let text = |v: f64| if !(1e-4..1e6).contains(&size) { compact(v) } else { decimal(v, step) };
    // Adding 0 makes a negative zero an ordinary one.
    values.into_iter().map(|v| Tick { at: v + 0.0, text: Some(text(v + 0.0)) }).collect()
}

/// Powers of ten with their parts between; over less than a decade and a half 1, 2 and 5 times them; where the axis is too
/// short for that, round numbers as on a linear axis.
fn logarithmic(low: f64, high: f64, most: usize) -> Vec<Tick> {
    let (a, b) = (low.log10(), high.log10());
    let inside = |v: f64| v.is_finite() && v >= low * (1.0 - 1e-9) && v <= high * (1.0 + 1e-9);
    let (first, last) = ((a - 1e-9).ceil() as i32, (b + 1e-9).floor() as i32);
    // Powers from their digits: exactly the number that the text says.
    let decade = |e: i32| format!("1e{e}").parse::<f64>().unwrap_or(0.0);
    let times = |m: f64, e: i32| m * decade(e);
    if last > first && b - a > 1.4 {
        let every = ((last - first + 1) as f64 / most as f64).ceil().max(1.0) as i32;
        let mut ticks = Vec::new();
        for e in first - 1..=last {
            // Every k-th power has a text, 1 among them if it is there; those between are marks.
            let text = (e.rem_euclid(every) == 0).then(|| power_of_ten(e));
            ticks.push((times(1.0, e), text));
            if last - first <= 8 {
                ticks.extend((2..10).map(|m| (times(f64::from(m), e), None)));
            }
        }
        return ticks.into_iter().filter(|t| inside(t.0)).map(|(at, text)| Tick { at, text }).collect();
    }
    let mut ticks: Vec<Tick> = Vec::new();
    for e in a.floor() as i32..=b.floor() as i32 {
        for m in 1..10 {
            let at = times(f64::from(m), e);
            let text = matches!(m, 1 | 2 | 5).then(|| compact(at));
            ticks.extend(inside(at).then_some(Tick { at, text }));
        }
    }
    match ticks.iter().filter(|t| t.text.is_some()).count() {
        0 | 1 => linear(low, high, most).into_iter().filter(|t| t.at > 0.0).collect(),
        _ => ticks,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(scale: Scale, low: f64, high: f64, most: usize) -> Vec<String> {
        ticks(scale, low, high, most).into_iter().filter_map(|t| t.text).collect()
    }

    #[test]
    fn are_what_one_would_write() {
        assert_eq!(texts(Scale::Linear, 0.0, 1.0, 6), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(texts(Scale::Linear, -0.31, 0.32, 3), ["−0.2", "0", "0.2"]);
        assert_eq!(texts(Scale::Linear, 1.74, 2.52, 5), ["1.8", "2.0", "2.2", "2.4"]);
        assert_eq!(texts(Scale::Linear, 0.0, 3.2e7, 4), ["0", "10^{7}", "2×10^{7}", "3×10^{7}"]);
        assert_eq!(texts(Scale::Log10, 0.0007, 15.0, 6), ["10^{-3}", "10^{-2}", "10^{-1}", "1", "10"]);
        assert_eq!(
            texts(Scale::Log10, 1e-9, 1e9, 7),
            ["10^{-9}", "10^{-6}", "10^{-3}", "1", "10^{3}", "10^{6}", "10^{9}"]
        );
        assert_eq!(texts(Scale::Log10, 90.0, 800.0, 6), ["100", "200", "500"]);
        assert_eq!(texts(Scale::Log10, 90.0, 1100.0, 6), ["100", "200", "500", "1000"]);
        assert_eq!(texts(Scale::Log10, 2.2, 2.9, 4), ["2.2", "2.4", "2.6", "2.8"]);
    }

    proptest! {
        #[test]
        fn lie_inside_ascend_and_stay_few(low in -1e6..1e6f64, span in -9.0..9.0f64, most in 2usize..12) {
            let high = low + 10f64.powf(span).max(1e-9 * low.abs());
            let found = ticks(Scale::Linear, low, high, most);
            let slack = 1e-6 * (high - low);
            prop_assert!((1..=most * 4 / 3 + 2).contains(&found.len()), "{} in {low} to {high}", found.len());
            prop_assert!(found.iter().all(|t| t.at >= low - slack && t.at <= high + slack));
            prop_assert!(found.windows(2).all(|w| w[0].at < w[1].at && w[0].text != w[1].text));
        }

        #[test]
        fn of_a_logarithmic_axis_are_round(low in -12.0..12.0f64, decades in 0.05..20.0f64, most in 2usize..12) {
            let (a, b) = (10f64.powf(low), 10f64.powf(low + decades));
            let found = ticks(Scale::Log10, a, b, most);
            let texts = found.iter().filter(|t| t.text.is_some()).count();
            prop_assert!(texts >= 1 && texts <= most.max(3) * 4 / 3 + 2, "{texts} in {a} to {b}");
            prop_assert!(found.iter().all(|t| t.at > a * 0.999 && t.at < b * 1.001));
            prop_assert!(found.windows(2).all(|w| w[0].at < w[1].at));
            // The number is the text's: what stands there parses to it.
            for t in found {
                let Some(text) = t.text else { continue };
                let plain = text.replace("×10^{", "e").replace("10^{", "1e").replace('}', "").replace('−', "-");
                let value: f64 = plain.parse().unwrap();
                prop_assert!((value / t.at - 1.0).abs() < 1e-3, "{text} at {}", t.at);
            }
        }
    }
}
