//! Names in the order that a person would give them.

use std::cmp::Ordering;

/// Compares names with their runs of digits as numbers: `step-2` before `step-10`, `layer.9.weight` before
/// `layer.10.weight`. Names that differ only in leading zeros are ordered by their bytes, so the order is total.
#[must_use]
pub fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a.as_bytes(), b.as_bytes());
    loop {
        match (x.first(), y.first()) {
            (None, None) => return a.cmp(b),
            (None, _) => return Ordering::Less,
            (_, None) => return Ordering::Greater,
            (Some(p), Some(q)) if p.is_ascii_digit() && q.is_ascii_digit() => {
                let (m, n) = (digits(x), digits(y));
                let (u, v) = (significant(&x[..m]), significant(&y[..n]));
                // Numbers of any length: the longer is the larger.
                let order = u.len().cmp(&v.len()).then_with(|| u.cmp(v));
                if order != Ordering::Equal {
                    return order;
                }
                (x, y) = (&x[m..], &y[n..]);
            }
            (Some(p), Some(q)) if p == q => (x, y) = (&x[1..], &y[1..]),
            (Some(p), Some(q)) => return p.cmp(q),
        }
    }
}

fn digits(s: &[u8]) -> usize {
    s.iter().take_while(|c| c.is_ascii_digit()).count()
}

fn significant(s: &[u8]) -> &[u8] {
    &s[s.iter().take_while(|&&c| c == b'0').count()..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_count_as_numbers() {
        let mut names = vec!["step-10", "step-2", "step-2.5", "a.10.w", "a.9.w", "a", "step-007", "step-7", "b1"];
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(names, ["a", "a.9.w", "a.10.w", "b1", "step-2", "step-2.5", "step-007", "step-7", "step-10"]);
        let huge = "9".repeat(40);
        assert_eq!(natural_order(&format!("s{huge}"), &format!("s1{huge}")), Ordering::Less);
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in "[a0-2.]{0,6}", b in "[a0-2.]{0,6}", c in "[a0-2.]{0,6}") {
            prop_assert_eq!(natural_order(&a, &b), natural_order(&b, &a).reverse());
            prop_assert_eq!(natural_order(&a, &b) == Ordering::Equal, a == b);
            if natural_order(&a, &b).is_le() && natural_order(&b, &c).is_le() {
                prop_assert!(natural_order(&a, &c).is_le());
            }
        }
    }
}
