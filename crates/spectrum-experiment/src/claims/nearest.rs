//! The known name that is nearest to a misspelt one.

/// `, did you mean ...?` if some known name is close to `found`, and nothing otherwise.
pub(crate) fn hint<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let best = known.into_iter().map(|k| (distance(found, k), k)).min();
    match best {
        Some((edits, k)) if edits <= 2.max(found.chars().count() / 3) => format!(", did you mean `{k}`?"),
        _ => String::new(),
    }
}

/// Levenshtein distance, in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// Serde's message about a key or a name, with the nearest one of those it lists and of `more`.
pub(crate) fn improve(message: &str, more: &[&str]) -> String {
    let mut words = message.split('`').skip(1).step_by(2);
    let Some(found) = words.next().filter(|_| message.starts_with("unknown ")) else { return message.to_owned() };
    let known: Vec<&str> = words.chain(more.iter().copied()).collect();
    format!("{message}{}", hint(found, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_of_known_pairs() {
        assert_eq!((distance("kitten", "sitting"), distance("", "abc"), distance("abc", "abc")), (3, 3, 0));
        assert_eq!(hint("alpha_hil", ["alpha", "alpha_hill", "gini"]), ", did you mean `alpha_hill`?");
        assert_eq!(hint("nothing_like_it", ["gini"]), "");
    }
}
