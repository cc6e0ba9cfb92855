//! Aligned text tables and number texts.

/// Six significant digits, without trailing zeros; powers of ten where plain digits would not read.
pub(crate) fn number(v: f64) -> String {
    if v == 0.0 {
        return "0".to_owned();
    }
    let exponent = v.abs().log10().floor() as i32;
    if !(-4..7).contains(&exponent) {
        let text = format!("{v:.4e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{exponent}", trimmed(mantissa));
    }
    trimmed(&format!("{v:.*}", (5 - exponent).max(0) as usize)).to_owned()
}

fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// Rows of cells: the first column to the left, the others as told.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    left: Vec<usize>,
}

impl Table {
    /// A table with a heading row; `left` names the columns (beside the first) that are aligned to the left.
    pub(crate) fn new(heading: impl IntoIterator<Item = impl Into<String>>, left: &[usize]) -> Self {
        Self { rows: vec![heading.into_iter().map(Into::into).collect()], left: left.to_vec() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// Lines indented by two spaces, at most `width` characters each: the last column is cut where it does not fit.
    pub(crate) fn render(&self, width: usize) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let size = |c: usize| self.rows.iter().filter_map(|r| r.get(c)).map(|s| s.chars().count()).max().unwrap_or(0);
        let sizes: Vec<usize> = (0..columns).map(size).collect();
        let mut out = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (c, cell) in row.iter().enumerate() {
                let pad = " ".repeat(sizes[c] - cell.chars().count());
                line.push_str("  ");
                if c == 0 || self.left.contains(&c) {
                    line.extend([cell.as_str(), &pad]);
                } else {
                    line.extend([&pad, cell.as_str()]);
                }
            }
            let line = line.trim_end();
            if line.chars().count() > width {
                out.extend(line.chars().take(width.saturating_sub(1)));
                out.push('…');
            } else {
                out.push_str(line);
            }
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let texts: Vec<String> =
            [0.0, 1.0, 2.436_214_9, 1979.796, 0.000_123_456_7, 1.5e-9, -3.0e12, 240_600.0, 0.1 + 0.2, 999_999.96]
                .into_iter()
                .map(number)
                .collect();
        let expected = ["0", "1", "2.43621", "1979.8", "0.000123457", "1.5e-9", "-3e12", "240600", "0.3", "1000000"];
        assert_eq!(texts, expected);
    }

    #[test]
    fn columns_line_up() {
        let mut t = Table::new(["metric", "step 0", "why"], &[2]);
        t.row(["stable_rank", "12.5", "ok"]);
        t.row(["gini", "0.25", "a long reason"]);
        assert_eq!(
            t.render(30),
            "  metric       step 0  why\n  stable_rank    12.5  ok\n  gini           0.25  a long…\n"
        );
    }
}
