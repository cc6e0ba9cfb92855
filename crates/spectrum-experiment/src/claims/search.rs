//! Bisection in the logarithm.

/// Where a search stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Search {
    /// The answers at these values are needed next.
    Needs(Vec<f64>),
    /// The smallest value seen at which it is so, within the resolution of one at which it is not.
    Found(f64),
    /// There is no answer, and why.
    Fails(String),
}

/// Whether it is so at a value; none where that is not known yet.
pub(crate) type Answer<'a> = &'a dyn Fn(f64) -> Option<Result<bool, String>>;

/// Follows a bisection as far as the answers go. It keeps no state: the same answers lead to the same values.
pub(crate) fn search(low: f64, high: f64, resolution: f64, answer: Answer<'_>) -> Search {
    let (at_low, at_high) = match (answer(low), answer(high)) {
        (Some(a), Some(b)) => (a, b),
        (a, b) => {
            let open = [(low, a.is_none()), (high, b.is_none())];
            return Search::Needs(open.into_iter().filter(|(_, open)| *open).map(|(v, _)| v).collect());
        }
    };
    match (at_low, at_high) {
        (Err(why), _) | (_, Err(why)) => return Search::Fails(why),
        (Ok(true), _) => return Search::Fails(format!("it is so at {low} already, the low end of the search")),
        (_, Ok(false)) => return Search::Fails(format!("it is not so at {high}, the high end of the search")),
        _ => {}
    }
    let (mut low, mut high) = (low, high);
    while high > low * (1.0 + resolution) {
        let middle = rounded((low * high).sqrt());
        if middle <= low || middle >= high {
            break;
        }
        match answer(middle) {
            None => return Search::Needs(vec![middle]),
            Some(Err(why)) => return Search::Fails(why),
            Some(Ok(true)) => high = middle,
            Some(Ok(false)) => low = middle,
        }
    }
    Search::Found(high)
}

/// Six significant digits: a config that a person can read, and the same run on every machine.
fn rounded(x: f64) -> f64 {
    format!("{x:.5e}").parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(truth: impl Fn(f64) -> bool) -> impl Fn(f64) -> Option<Result<bool, String>> {
        move |x| Some(Ok(truth(x)))
    }

    #[test]
    fn finds_a_threshold_within_its_resolution() {
        for at in [0.0123, 0.5, 7.7, 999.0] {
            let Search::Found(x) = search(0.01, 1000.0, 0.02, &all(|x| x >= at)) else { panic!("{at}") };
            assert!(x >= at && x <= at * 1.0201, "{at} {x}");
        }
    }

    #[test]
    fn says_why_there_is_none() {
        let fails = |s| matches!(s, Search::Fails(_));
        assert!(fails(search(1.0, 2.0, 0.1, &all(|_| true))));
        assert!(fails(search(1.0, 2.0, 0.1, &all(|_| false))));
        assert!(fails(search(1.0, 2.0, 0.1, &|_| Some(Err("diverged".into())))));
    }

    #[test]
    fn asks_for_the_ends_first_and_then_for_the_middle() {
        assert_eq!(search(1.0, 100.0, 0.1, &|_| None), Search::Needs(vec![1.0, 100.0]));
        let ends = |x: f64| (x == 1.0 || x == 100.0).then_some(Ok(x > 50.0));
        assert_eq!(search(1.0, 100.0, 0.1, &ends), Search::Needs(vec![10.0]));
    }
}
