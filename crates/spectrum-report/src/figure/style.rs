//! The theme: colours for light and for dark ground.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::layer::Colour;

/// Okabe and Ito's colours, told apart with every common colour blindness: the report page's, light and dark.
const SERIES: [(&str, &str); 7] = [
    ("#0072b2", "#56a9e4"),
    ("#d55e00", "#f58a4b"),
    ("#00805d", "#2fbf95"),
    ("#b35a8a", "#e09cc0"),
    ("#b37b00", "#eab530"),
    ("#3797d0", "#9ad3f5"),
    ("#1b1f24", "#e6e9ed"),
];
/// Eight stops of matplotlib's `plasma`, which stays a scale without colour vision.
const PLASMA: [[f64; 3]; 8] = [
    [13.0, 8.0, 135.0],
    [84.0, 2.0, 163.0],
    [139.0, 10.0, 165.0],
    [185.0, 50.0, 137.0],
    [219.0, 92.0, 104.0],
    [244.0, 136.0, 73.0],
    [254.0, 189.0, 42.0],
    [240.0, 249.0, 33.0],
];
/// Colours of a ramp in one file.
const STEPS: usize = 16;
/// The part of the ramp that is seen on light and on dark ground.
const PARTS: [(f64, f64); 2] = [(0.0, 0.78), (0.3, 1.0)];

/// The class of a colour.
pub(crate) fn class(colour: Colour) -> String {
    match colour {
        Colour::Series(i) => format!("c{}", i % SERIES.len()),
        Colour::Ramp(t) => format!("r{}", step(t)),
        Colour::Ink => "ink".to_owned(),
        Colour::Quiet => "quiet".to_owned(),
    }
}

fn step(t: f64) -> usize {
    // NaN becomes 0.
    (t.clamp(0.0, 1.0) * (STEPS - 1) as f64).round() as usize
}

fn plasma(t: f64) -> String {
    let place = t.clamp(0.0, 1.0) * (PLASMA.len() - 1) as f64;
    let i = (place as usize).min(PLASMA.len() - 2);
    let mix = |k: usize| (PLASMA[i][k] + (PLASMA[i + 1][k] - PLASMA[i][k]) * (place - i as f64)).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2))
}

/// The style element. Colours stand in classes rather than in variables, so that programs without CSS variables show the
/// light theme; marks draw with `currentColor`.
pub(crate) fn element(used: &[Colour]) -> String {
    let classes: BTreeSet<(String, String, String)> = used
        .iter()
        .map(|c| {
            let (light, dark) = match *c {
                Colour::Series(i) => (SERIES[i % 7].0.to_owned(), SERIES[i % 7].1.to_owned()),
                Colour::Ramp(t) => {
                    let at = |(a, b): (f64, f64)| plasma(a + (b - a) * step(t) as f64 / (STEPS - 1) as f64);
                    (at(PARTS[0]), at(PARTS[1]))
                }
                Colour::Ink => ("#1b1f24".to_owned(), "#e6e9ed".to_owned()),
                Colour::Quiet => ("#57606a".to_owned(), "#a4adb7".to_owned()),
            };
            (class(*c), light, dark)
        })
        .collect();
    let mut light = String::from(LIGHT);
    let mut dark = String::from(DARK);
    for (name, a, b) in &classes {
        let _ = write!(light, ".{name}{{color:{a}}}");
        let _ = write!(dark, ".{name}{{color:{b}}}");
    }
    format!("<style>{BASE}{light}@media (prefers-color-scheme:dark){{{dark}}}</style>")
}

const BASE: &str = "text{font-family:system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,\"DejaVu Sans\",sans-serif;\
    font-variant-numeric:tabular-nums}.l{fill:none;stroke:currentColor;stroke-linejoin:round;stroke-linecap:round}\
    .m{fill:currentColor;stroke:none}.b{fill:currentColor;fill-opacity:.17;stroke:none}.e{text-anchor:end}.c{text-anchor:middle}\
    .h{font-weight:600}";
const LIGHT: &str = ".bg{fill:#fff}.t{fill:#1b1f24}.q{fill:#57606a}.a{stroke:#57606a;fill:none}.n{stroke:#8c959f;fill:none}.g{stroke:#e4e8ec;fill:none}";
const DARK: &str = ".bg{fill:#14171b}.t{fill:#e6e9ed}.q{fill:#a4adb7}.a{stroke:#a4adb7;fill:none}.n{stroke:#77818c;fill:none}.g{stroke:#2a3037;fill:none}";
