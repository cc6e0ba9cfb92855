//! When something happens in a recorded series, and how high the way between two networks is.
//!
//! A series is `steps` (recorded steps, ascending) with one number each. An event is a recorded step: nothing is interpolated, so its
//! error is the distance to the recorded step before.

use spectrum_core::{Outcome, Reason};

/// A series fell if it came down by at least this share of its value at the start. Less is what training does to any matrix: in the
/// specification's runs of modular addition (section 7) the normalised effective ranks of the layers come down by up to 7.3 % without
/// weight decay, which never generalises, and by 12 to 26 % with it.
pub const LEAST_FALL: f64 = 0.1;

/// The first recorded step at which the value lies above `threshold`.
///
/// Missing as [`Reason::NotApplicable`] where it never does, and as in [`half_drop`] for a series that is none.
#[must_use]
pub fn first_above(steps: &[u64], values: &[f64], threshold: f64) -> Outcome {
    if let Err(reason) = series(steps, values) {
        return reason.into();
    }
    if threshold.is_nan() {
        return Reason::NotFinite.into();
    }
    match steps.iter().zip(values).find(|(_, v)| **v > threshold) {
        Some((step, _)) => Outcome::from(*step as f64),
        None => {
            let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            Reason::NotApplicable(format!("never above {threshold}: the largest value is {largest}")).into()
        }
    }
}

/// The first recorded step at which the value lies at or below the middle between its value at the first step and its minimum over the
/// run.
///
/// For quantities that are positive and whose zero means none (a rank, a loss). Missing where there is no fall: as
/// [`Reason::NotApplicable`] if the minimum is less than [`LEAST_FALL`] of the start below it, and as [`Reason::Degenerate`] if the start
/// is not positive. Of a series: [`Reason::TooFewValues`] if it is empty (here: under two values), [`Reason::NotFinite`] if it holds NaN
/// or infinity, [`Reason::NotApplicable`] if steps and values differ in number or the steps do not ascend.
#[must_use]
pub fn half_drop(steps: &[u64], values: &[f64]) -> Outcome {
    let (start, least) = match fall(steps, values) {
        Ok(fall) => fall,
        Err(reason) => return reason.into(),
    };
    let middle = 0.5 * start + 0.5 * least;
    // The minimum itself lies below the middle.
    let step = steps.iter().zip(values).find(|(_, v)| **v <= middle).map(|(step, _)| *step as f64);
    step.map_or(Reason::Degenerate.into(), Outcome::from)
}

/// The share of the whole fall, from the value at the first step to the minimum over the run, that had happened at the last recorded step
/// that is not after `event`: (start - value)/(start - minimum).
///
/// `event` is the step of another series, by [`first_above`] say. Does the fall come before the event (1), with it or after it (0)? The
/// share is negative where the value then lay above its start. Missing with the event's own reason, where there is no fall as in
/// [`half_drop`], and as [`Reason::NotApplicable`] where the event is before the first step or after the last.
#[must_use]
pub fn share_before(steps: &[u64], values: &[f64], event: &Outcome) -> Outcome {
    let event = match event {
        Outcome::Value(event) => *event,
        Outcome::Missing(reason) => return reason.clone().into(),
    };
    let (start, least) = match fall(steps, values) {
        Ok(fall) => fall,
        Err(reason) => return reason.into(),
    };
    let (first, last) = (steps[0], steps[steps.len() - 1]);
    if !(first as f64..=last as f64).contains(&event) {
        return Reason::NotApplicable(format!("step {event} is outside the series' {first} to {last}")).into();
    }
    let then = steps.iter().zip(values).take_while(|(step, _)| **step as f64 <= event).last();
    then.map_or(Reason::Degenerate.into(), |(_, v)| Outcome::from((start - v) / (start - least)))
}

/// The barrier on the straight way between two networks W_1 and W_2: the maximum over interior alpha of
/// L((1 - alpha) W_1 + alpha W_2) - [(1 - alpha) L(W_1) + alpha L(W_2)] (Yunis et al., arXiv 2408.11804, equation 6), from the losses at
/// equally spaced alphas from 0 to 1, the ends included, the same unit as the losses.
///
/// Negative where the loss is convex along the way. Fewer than three losses: [`Reason::TooFewValues`]; NaN or infinity:
/// [`Reason::NotFinite`].
#[must_use]
pub fn barrier(losses: &[f64]) -> Outcome {
    let [first, inner @ .., last] = losses else {
        return Reason::TooFewValues { found: losses.len(), needed: 3 }.into();
    };
    if inner.is_empty() {
        return Reason::TooFewValues { found: losses.len(), needed: 3 }.into();
    }
    if losses.iter().any(|l| !l.is_finite()) {
        return Reason::NotFinite.into();
    }
    let parts = (inner.len() + 1) as f64;
    // Written so that between equal ends the chord is exactly level.
    let above = |(k, l): (usize, &f64)| l - (first + (k + 1) as f64 / parts * (last - first));
    Outcome::from(inner.iter().enumerate().map(above).fold(f64::NEG_INFINITY, f64::max))
}

/// Whether it is a series.
fn series(steps: &[u64], values: &[f64]) -> Result<(), Reason> {
    if steps.len() != values.len() {
        return Err(Reason::NotApplicable(format!("{} steps for {} values", steps.len(), values.len())));
    }
    if values.is_empty() {
        return Err(Reason::TooFewValues { found: 0, needed: 1 });
    }
    if values.iter().any(|v| !v.is_finite()) {
        return Err(Reason::NotFinite);
    }
    if !steps.is_sorted_by(|a, b| a < b) {
        return Err(Reason::NotApplicable("the steps do not ascend".to_owned()));
    }
    Ok(())
}

/// Value at the start and minimum of a series that fell.
fn fall(steps: &[u64], values: &[f64]) -> Result<(f64, f64), Reason> {
    series(steps, values)?;
    let (start, least) = (values[0], values.iter().copied().fold(f64::INFINITY, f64::min));
    if values.len() < 2 {
        return Err(Reason::TooFewValues { found: values.len(), needed: 2 });
    }
    if start <= 0.0 {
        return Err(Reason::Degenerate);
    }
    let share = (start - least) / start;
    if share < LEAST_FALL {
        return Err(Reason::NotApplicable(format!("no fall: at its lowest {:.2} % below its start", 100.0 * share)));
    }
    Ok((start, least))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STEPS: [u64; 5] = [0, 100, 200, 300, 400];

    fn starts_with(outcome: &Outcome, text: &str) -> bool {
        outcome.reason().is_some_and(|r| r.to_string().starts_with(text))
    }

    #[test]
    fn the_first_step_above_is_a_recorded_one() {
        let accuracy = [0.1, 0.5, 0.95, 0.99, 0.2];
        assert_eq!(first_above(&STEPS, &accuracy, 0.95), Outcome::Value(300.0));
        assert_eq!(first_above(&STEPS, &accuracy, 0.05), Outcome::Value(0.0));
        let never = first_above(&STEPS, &accuracy, 0.99);
        assert_eq!(
            never.reason().map(ToString::to_string).as_deref(),
            Some("NotApplicable: never above 0.99: the largest value is 0.99")
        );
    }

    #[test]
    fn half_of_the_fall() {
        // Start 0.9, minimum 0.5: the middle is 0.7, reached exactly at 200, though it rises again.
        assert_eq!(half_drop(&STEPS, &[0.9, 0.8, 0.7, 0.5, 0.85]), Outcome::Value(200.0));
        assert_eq!(half_drop(&STEPS, &[0.9, 0.8, 0.71, 0.5, 0.5]), Outcome::Value(300.0));
        // 0.930 to 0.862 in the specification's run that never generalises; 0.930 to 0.686 in the one that does.
        let still = half_drop(&STEPS, &[0.93, 0.90, 0.87, 0.862, 0.865]);
        assert!(starts_with(&still, "NotApplicable: no fall: at its lowest 7.31 %"), "{still:?}");
        assert_eq!(half_drop(&STEPS, &[0.93, 0.853, 0.796, 0.726, 0.686]), Outcome::Value(200.0));
        assert!(starts_with(&half_drop(&STEPS, &[1.0, 2.0, 3.0, 4.0, 5.0]), "NotApplicable: no fall"));
        assert_eq!(half_drop(&STEPS, &[0.0; 5]), Outcome::Missing(Reason::Degenerate));
        assert_eq!(half_drop(&[7], &[1.0]), Outcome::Missing(Reason::TooFewValues { found: 1, needed: 2 }));
    }

    #[test]
    fn shares_of_the_fall() {
        let rank = [0.9, 0.8, 0.6, 0.5, 0.55];
        let share = |event: f64| share_before(&STEPS, &rank, &event.into()).value().unwrap();
        // Between two recorded steps the earlier one counts.
        for (event, expected) in [(0.0, 0.0), (99.0, 0.0), (100.0, 0.25), (250.0, 0.75), (300.0, 1.0), (400.0, 0.875)] {
            assert!((share(event) - expected).abs() < 1e-15, "{event}: {}", share(event));
        }
        assert!(starts_with(&share_before(&STEPS, &rank, &401.0.into()), "NotApplicable: step 401 is outside"));
        assert!(starts_with(&share_before(&STEPS[1..], &rank[1..], &50.0.into()), "NotApplicable: step 50"));
        let never = first_above(&STEPS, &rank, 2.0);
        assert_eq!(share_before(&STEPS, &rank, &never), never);
        assert!(starts_with(&share_before(&STEPS, &[1.0; 5], &100.0.into()), "NotApplicable: no fall"));
        let risen = share_before(&STEPS, &[1.0, 1.5, 0.5, 0.5, 0.5], &100.0.into());
        assert_eq!(risen, Outcome::Value(-1.0));
    }

    #[test]
    fn what_is_no_series_says_why() {
        for outcome in [
            first_above(&STEPS, &[1.0], 0.5),
            half_drop(&STEPS, &[1.0, 0.1]),
            share_before(&[0, 0], &[1.0, 0.1], &0.0.into()),
            first_above(&[3, 2], &[0.0, 1.0], 0.5),
        ] {
            assert!(starts_with(&outcome, "NotApplicable"), "{outcome:?}");
        }
        assert_eq!(first_above(&[], &[], 0.0), Outcome::Missing(Reason::TooFewValues { found: 0, needed: 1 }));
        for outcome in [
            first_above(&[0, 1], &[f64::NAN, 1.0], 0.5),
            first_above(&[0], &[1.0], f64::NAN),
            half_drop(&[0, 1], &[1.0, f64::NEG_INFINITY]),
            barrier(&[1.0, f64::NAN, 1.0]),
        ] {
            assert_eq!(outcome, Outcome::Missing(Reason::NotFinite));
        }
        for n in 0..3 {
            assert_eq!(barrier(&vec![1.0; n]), Outcome::Missing(Reason::TooFewValues { found: n, needed: 3 }));
        }
    }

    /// Losses of f between x and y at n + 1 alphas.
    fn along(f: impl Fn(f64) -> f64, x: f64, y: f64, n: usize) -> Vec<f64> {
        (0..=n).map(|k| k as f64 / n as f64).map(|a| f((1.0 - a) * x + a * y)).collect()
    }

    /// Acceptance test 5 of the specification. In a bowl (w - c)^2 the loss lies alpha (1 - alpha)(x - y)^2 below its chord: the barrier is
    /// that at the smallest interior alpha, and 0 between equal points.
    #[test]
    fn a_bowl_has_no_barrier_and_a_ridge_has_one() {
        let bowl = |w: f64| (w - 0.3).powi(2);
        let found = barrier(&along(bowl, -1.0, 2.0, 10)).value().unwrap();
        assert!((found + 0.09 * 9.0).abs() < 1e-14, "{found}");
        assert_eq!(barrier(&along(bowl, 0.7, 0.7, 10)), Outcome::Value(0.0));
        // A ridge between two valleys, (w^2 - 1)^2: height 1 at the middle.
        assert_eq!(barrier(&along(|w| (w * w - 1.0).powi(2), -1.0, 1.0, 10)), Outcome::Value(1.0));
    }

    proptest! {
        /// Convex losses lie at or below their chord, and a linear function more on the way changes nothing.
        #[test]
        fn convex_losses_have_no_barrier(x in -5.0f64..5.0, y in -5.0f64..5.0, c in -2.0f64..2.0, slope in -3.0f64..3.0, n in 2usize..20) {
            let f = |w: f64| (w - c).powi(4) + (w + c).abs();
            let found = barrier(&along(f, x, y, n)).value().unwrap();
            prop_assert!(found <= 1e-12);
            let tilted = barrier(&along(|w| f(w) + slope * w, x, y, n)).value().unwrap();
            prop_assert!((found - tilted).abs() < 1e-10);
        }

        /// Scale and offset-free: half of the fall and its share do not change with the unit, and at the half at least half has happened.
        #[test]
        fn falls_are_blind_to_the_unit(values in prop::collection::vec(0.01f64..1.0, 2..40), e in -30i32..30) {
            let steps: Vec<u64> = (0..values.len() as u64).map(|k| 10 * k).collect();
            let scaled: Vec<f64> = values.iter().map(|v| v * 2f64.powi(e)).collect();
            let half = half_drop(&steps, &values);
            prop_assert_eq!(&half, &half_drop(&steps, &scaled));
            if half.value().is_some() {
                prop_assert!(share_before(&steps, &values, &half).value().unwrap() >= 0.5 - 1e-12);
            }
        }
    }
}
