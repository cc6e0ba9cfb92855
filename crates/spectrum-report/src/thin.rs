//! Fewer points for the eye, the same picture.

/// At most `keep` of `n` indices, evenly spread, with the first and the last.
pub(crate) fn evenly(n: usize, keep: usize) -> Vec<usize> {
    if n <= keep {
        return (0..n).collect();
    }
    if keep < 2 {
        return vec![n - 1];
    }
    // i * (n - 1) / (keep - 1) grows by more than one each time because n > keep, so no index comes twice.
    (0..keep).map(|i| i * (n - 1) / (keep - 1)).collect()
}

/// At most about `keep` indices of a curve: of each stretch the least and the greatest value and one missing point, so
/// that a single spike or gap among thousands of steps stays visible. First and last are always there.
pub(crate) fn envelope(values: &[Option<f64>], keep: usize) -> Vec<usize> {
    let n = values.len();
    if n <= keep || keep < 4 {
        return (0..n).collect();
    }
    let stretches = (keep - 2) / 3;
    let mut kept = vec![0, n - 1];
    for s in 0..stretches {
        let range = s * n / stretches..(s + 1) * n / stretches;
        let known = || range.clone().filter_map(|i| values[i].map(|v| (i, v)));
        kept.extend(known().min_by(|a, b| a.1.total_cmp(&b.1)).map(|p| p.0));
        kept.extend(known().max_by(|a, b| a.1.total_cmp(&b.1)).map(|p| p.0));
        kept.extend(range.clone().find(|&i| values[i].is_none()));
    }
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// At most `keep` of `n` indices, the first ones whole and then ever more thinly, as a logarithmic axis shows them; with
/// the last.
pub(crate) fn logarithmically(n: usize, keep: usize) -> Vec<usize> {
    let whole = keep / 2;
    if n <= keep || whole == 0 {
        return evenly(n, keep);
    }
    let (from, rest) = (whole as f64, keep - whole);
    let ratio = (n as f64 / from).ln();
    // Index of rank r is r - 1. Ranks grow by less than one where the axis is wider than it is dense.
    let mut kept: Vec<usize> = (0..whole).collect();
    kept.extend((1..=rest).map(|i| ((from * (ratio * i as f64 / rest as f64).exp()).round() as usize).clamp(1, n) - 1));
    kept.dedup();
    kept
}

/// At most `keep` indices of D over ascending cut-offs: all of the short tails at the end, where points lie far apart on
/// the axis, and of each stretch before them the least and the greatest value, so that the minimum survives.
pub(crate) fn scan(distances: &[f64], keep: usize) -> Vec<usize> {
    let n = distances.len();
    if n <= keep || keep < 6 {
        return evenly(n, keep);
    }
    let tail = keep / 3;
    let (body, stretches) = (n - tail, (keep - tail) / 2);
    let mut kept: Vec<usize> = (body..n).collect();
    for s in 0..stretches {
        let range = s * body / stretches..(s + 1) * body / stretches;
        kept.extend(range.clone().min_by(|&a, &b| distances[a].total_cmp(&distances[b])));
        kept.extend(range.max_by(|&a, &b| distances[a].total_cmp(&distances[b])));
    }
    kept.sort_unstable();
    kept.dedup();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evenly_keeps_both_ends_and_the_count() {
        assert_eq!(evenly(3, 10), [0, 1, 2]);
        assert_eq!(evenly(11, 6), [0, 2, 4, 6, 8, 10]);
        for (n, keep) in [(201, 200), (5000, 200), (1000, 7)] {
            let kept = evenly(n, keep);
            assert_eq!((kept.len(), kept[0], kept[keep - 1]), (keep, 0, n - 1));
            assert!(kept.windows(2).all(|w| w[0] < w[1]));
        }
    }

    #[test]
    fn one_spike_and_one_gap_among_many_steps_stay() {
        let mut values: Vec<Option<f64>> = (0..10_000).map(|i| Some(f64::from(i % 7))).collect();
        values[4321] = Some(99.0);
        values[7777] = None;
        values[1234] = Some(-5.0);
        let kept = envelope(&values, 600);
        assert!(kept.len() <= 600);
        for i in [0, 1234, 4321, 7777, 9_999] {
            assert!(kept.contains(&i), "{i}");
        }
    }

    #[test]
    fn short_tails_and_the_least_distance_stay() {
        for n in [301, 1000, 20_000] {
            let mut distances: Vec<f64> = (0..n).map(|i| 0.5 + 0.1 * f64::from(i).sin()).collect();
            let least = n as usize / 3;
            distances[least] = 0.01;
            let kept = scan(&distances, 300);
            assert!(kept.len() <= 300 && kept.contains(&least), "{n}");
            assert!(kept.ends_with(&(n as usize - 100..n as usize).collect::<Vec<_>>()));
        }
        assert_eq!(scan(&[0.3, 0.2], 300), [0, 1]);
        assert!(scan(&[], 300).is_empty());
    }

    #[test]
    fn a_logarithmic_axis_keeps_the_first_and_the_last() {
        for n in [301, 1499, 100_000] {
            let kept = logarithmically(n, 300);
            assert!(kept.len() <= 300 && kept.len() > 150, "{n}: {}", kept.len());
            assert_eq!(kept[..150], (0..150).collect::<Vec<_>>());
            assert_eq!(kept.last(), Some(&(n - 1)));
            assert!(kept.windows(2).all(|w| w[0] < w[1]));
        }
        assert_eq!(logarithmically(4, 300), [0, 1, 2, 3]);
        assert!(logarithmically(0, 300).is_empty());
    }
}
