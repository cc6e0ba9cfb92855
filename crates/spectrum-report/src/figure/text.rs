//! Numbers and words: how they are written, how much room they take, and what XML needs of them.

use std::fmt::Write;

/// A number in at most four digits: `0.025`, `1200`, `3.1×10^{-5}`, with a proper minus sign; a dash for no number.
#[must_use]
pub fn compact(v: f64) -> String {
    if !v.is_finite() {
        return "–".to_owned();
    }
    if v == 0.0 {
        return "0".to_owned();
    }
    let sign = if v < 0.0 { "−" } else { "" };
    let scientific = format!("{:.3e}", v.abs());
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    if !(-4..=5).contains(&exponent) {
        return match digits {
            "1" => format!("{sign}{}", power_of_ten(exponent)),
            _ => format!("{sign}{digits}×{}", power_of_ten(exponent)),
        };
    }
    let places = (3 - exponent).max(0) as usize;
    let rounded: f64 = scientific.parse().unwrap_or(v.abs());
    let plain = format!("{rounded:.places$}");
    let plain = if plain.contains('.') { plain.trim_end_matches('0').trim_end_matches('.') } else { &plain };
    format!("{sign}{plain}")
}

/// A tick's number, with as many places as its step has.
pub(crate) fn decimal(v: f64, step: f64) -> String {
    let places = (-(step.log10() + 1e-9).floor()).clamp(0.0, 12.0) as usize;
    if v.abs() < step * 1e-6 {
        return "0".to_owned();
    }
    format!("{v:.places$}").replace('-', "−")
}

/// 1 and 10 by themselves, other powers with their exponent.
pub(crate) fn power_of_ten(exponent: i32) -> String {
    match exponent {
        0 => "1".to_owned(),
        1 => "10".to_owned(),
        e => format!("10^{{{e}}}"),
    }
}

/// A pixel with one digit after the point.
pub(crate) fn px(v: f64) -> String {
    let tenths = (v * 10.0).round() / 10.0 + 0.0;
    if tenths.is_finite() { tenths.to_string() } else { "0".to_owned() }
}

/// Text as it may stand between tags and in attributes. Characters that XML does not have are left out.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Height {
    Line,
    Raised,
    Lowered,
}

/// The text cut at `^{...}` and `_{...}`. Braces without a partner are text.
fn pieces(text: &str) -> Vec<(Height, &str)> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(start) = [rest.find("^{"), rest.find("_{")].into_iter().flatten().min() {
        let Some(end) = rest[start..].find('}').map(|e| start + e) else { break };
        let height = if rest.as_bytes()[start] == b'^' { Height::Raised } else { Height::Lowered };
        out.push((Height::Line, &rest[..start]));
        out.push((height, &rest[start + 2..end]));
        rest = &rest[end + 1..];
    }
    out.push((Height::Line, rest));
    out.retain(|(_, t)| !t.is_empty());
    out
}

/// The text without marks of height, for names that are read aloud.
pub(crate) fn plain(text: &str) -> String {
    pieces(text).into_iter().map(|(_, t)| t).collect()
}

/// The inside of a `<text>` element of this font size.
pub(crate) fn tspans(text: &str, size: f64) -> String {
    let mut out = String::new();
    let mut now = 0.0;
    for (height, piece) in pieces(text) {
        let offset = match height {
            Height::Line => 0.0,
            Height::Raised => -0.36 * size,
            Height::Lowered => 0.2 * size,
        };
        let words = escape(&if height == Height::Line { piece.to_owned() } else { piece.replace('-', "−") });
        if height == Height::Line && now == 0.0 {
            out.push_str(&words);
        } else {
            let small =
                if height == Height::Line { String::new() } else { format!(" font-size=\"{}\"", px(0.76 * size)) };
            let _ = write!(out, "<tspan dy=\"{}\"{small}>{words}</tspan>", px(offset - now));
        }
        now = offset;
    }
    out
}

/// About how wide a text is, on the wide side: the reader's font is not known here.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    let one = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.31,
        ' ' | 'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '/' | '-' => 0.39,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.93,
        '−' | '=' | '<' | '>' | '+' | '×' => 0.84,
        c if c.is_uppercase() => 0.69,
        c if c.is_ascii() => 0.63,
        c if c as u32 >= 0x2e80 => 1.0,
        _ => 0.68,
    };
    let wide = |(height, t): (Height, &str)| {
        // A raised minus is drawn as one.
        let drawn = |c: char| if c == '-' && height != Height::Line { '−' } else { c };
        let sum: f64 = t.chars().map(drawn).map(one).sum();
        if height == Height::Line { sum } else { 0.76 * sum }
    };
    size * pieces(text).into_iter().map(wide).sum::<f64>()
}

/// The text in lines of at most this width, where its words allow.
pub(crate) fn wrap(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if line.is_empty() || width(&longer, size) <= room {
            line = longer;
        } else {
            lines.push(std::mem::replace(&mut line, word.to_owned()));
        }
    }
    lines.extend((!line.is_empty()).then_some(line));
    lines
}

/// The text, or as much of its beginning as this width holds with dots behind it.
pub(crate) fn shortened(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    // Half of a mark of height is worse than none.
    let mut words = plain(text);
    while !words.is_empty() && width(&words, size) + size > room {
        words.pop();
    }
    format!("{}…", words.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (v, text) in [
            (0.025, "0.025"),
            (1200.0, "1200"),
            (-0.5, "−0.5"),
            (2.345_67, "2.346"),
            (99_999.0, "100000"),
            (123_456.0, "123500"),
            (1e-5, "10^{-5}"),
            (-3.1e-5, "−3.1×10^{-5}"),
            (2e9, "2×10^{9}"),
            (0.000_12, "0.00012"),
            (9.9999, "10"),
            (f64::NAN, "–"),
            (0.0, "0"),
        ] {
            assert_eq!(compact(v), text, "{v}");
        }
        assert_eq!((px(-0.01).as_str(), px(12.345).as_str(), px(f64::NAN).as_str()), ("0", "12.3", "0"));
    }

    #[test]
    fn heights_and_marks() {
        assert_eq!(
            tspans("a < 10^{-3} & b", 10.0),
            "a &lt; 10<tspan dy=\"-3.6\" font-size=\"7.6\">−3</tspan><tspan dy=\"3.6\"> &amp; b</tspan>"
        );
        assert_eq!(
            tspans("W_{t} ^{", 10.0),
            "W<tspan dy=\"2\" font-size=\"7.6\">t</tspan><tspan dy=\"-2\"> ^{</tspan>"
        );
        assert_eq!(plain("s^{2}"), "s2");
        assert_eq!(escape("a\u{0}\u{7}\n\"<&>"), "a &quot;&lt;&amp;&gt;");
    }

    #[test]
    fn lines_keep_their_room() {
        let text = "One full-batch Adam step at rate 0.1 pulls one eigenvalue out of the bulk";
        let lines = wrap(text, 12.0, 180.0);
        assert!(lines.len() > 2 && lines.iter().all(|l| width(l, 12.0) <= 180.0));
        assert_eq!(lines.join(" "), text);
        assert!(wrap("  ", 12.0, 100.0).is_empty());
        assert_eq!(shortened("short", 12.0, 100.0), "short");
        let cut = shortened("10^{-3} and a good deal more than fits", 12.0, 100.0);
        assert!(cut.starts_with("10-3 and") && cut.ends_with('…') && width(&cut, 12.0) <= 100.0, "{cut}");
    }
}
