//! The table of a verification: for the terminal, as Markdown, as JSON.

use super::result::{ClaimResult, Standing, Verification};
use super::topic::FindingVerdict;

/// Widest columns of the terminal's table, claim first.
const SHARES: [usize; 4] = [40, 30, 20, 10];

impl Verification {
    /// Aligned text of at most `width` characters a line (60 at least): claim, measured, bound, holds.
    #[must_use]
    pub fn table(&self, width: usize) -> String {
        let free = width.max(60) - 8;
        let sizes: Vec<usize> = SHARES.iter().map(|s| (free * s / 100).max(8)).collect();
        let mut out = format!("{}: {} scale, {}\n\n", self.topic, self.scale, self.backend);
        let mut row = |cells: [&str; 4]| {
            let cells: Vec<Vec<String>> = cells.iter().zip(&sizes).map(|(c, s)| wrap(c, *s)).collect();
            for line in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
                let mut text = String::new();
                for (cell, size) in cells.iter().zip(&sizes) {
                    let part = cell.get(line).map_or("", String::as_str);
                    text.push_str(&format!("  {part:<size$}"));
                }
                out.push_str(text.trim_end());
                out.push('\n');
            }
            out.push('\n');
        };
        row(["claim", "measured", "bound", "holds"]);
        for claim in &self.claims {
            let says = format!("{}: {}", claim.id, claim.says);
            row([&says, &claim.measured, &claim.bound, &verdict(claim)]);
        }
        for failure in &self.run_failures {
            out.push_str(&format!("  run {} failed: {}\n", failure.run, failure.why));
        }
        out.push_str(&format!("{}\n", self.summary()));
        out
    }

    /// A Markdown page: the table, then findings and what went wrong. Same runs, same bytes.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = format!("# {}: {} scale, {}\n\n{}\n\n", self.topic, self.scale, self.backend, self.summary());
        out.push_str("| claim | source | measured | bound | holds |\n|---|---|---|---|---|\n");
        for claim in &self.claims {
            let says = format!("**{}** {}", claim.id, claim.says);
            let cells = [&says, &claim.source, &claim.measured, &claim.bound, &verdict(claim)];
            let cells: Vec<String> = cells.iter().map(|c| cell(c)).collect();
            out.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        let found: Vec<&ClaimResult> = self.claims.iter().filter(|c| c.finding.is_some()).collect();
        if !found.is_empty() {
            out.push_str("\n## Findings\n\n");
            for claim in found {
                let Some(finding) = &claim.finding else { continue };
                let id = format!("**{}** ({})", claim.id, word(finding.verdict));
                out.push_str(&format!("- {id}: {} Holds when {}.\n", sentence(&finding.our), finding.holds_when));
            }
        }
        if !self.run_failures.is_empty() {
            out.push_str("\n## Runs that failed\n\n");
            for failure in &self.run_failures {
                out.push_str(&format!("- `{}`: {}\n", failure.run, failure.why.replace('\n', " ")));
            }
        }
        out
    }

    /// `{"topic", "scale", "backend", "claims": [{"id", "says", "source", "holds", "measured", "bound", "runs", ...}], ...}`.
    /// Same runs, same bytes once printed.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        // Strings, numbers and lists only: there is nothing that JSON could refuse.
        serde_json::to_value(self).unwrap_or_default()
    }
}

fn verdict(claim: &ClaimResult) -> String {
    match (claim.standing, &claim.finding) {
        (Standing::Holds, _) => "yes".to_owned(),
        (Standing::Fails, _) => "NO".to_owned(),
        (Standing::Finding, Some(f)) => format!("no: {}", word(f.verdict)),
        (Standing::Finding, None) => "no".to_owned(),
        (Standing::Surprise, _) => "YES, against what was found".to_owned(),
        (Standing::Unjudged, _) => "NOT JUDGED".to_owned(),
    }
}

fn word(verdict: FindingVerdict) -> &'static str {
    match verdict {
        FindingVerdict::Refuted => "refuted",
        FindingVerdict::Differs => "differs",
    }
}

fn sentence(text: &str) -> String {
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{text}{end}")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', "<br>")
}

/// Lines of at most `width` characters, broken at spaces where that is possible.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let mut word: Vec<char> = word.chars().collect();
            loop {
                let used = if line.is_empty() { 0 } else { line.chars().count() + 1 };
                if used + word.len() <= width {
                    if used > 0 {
                        line.push(' ');
                    }
                    line.extend(word);
                    break;
                }
                if line.is_empty() {
                    line.extend(word.drain(..width));
                }
                lines.push(std::mem::take(&mut line));
            }
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_at_spaces_and_long_words_inside() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(wrap("a\nb", 4), ["a", "b"]);
    }
}
