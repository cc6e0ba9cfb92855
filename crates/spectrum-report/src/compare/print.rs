//! A comparison as a table and as JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use spectrum_measure::tolerance::HORIZON;

use super::{Comparison, Unit};
use crate::show::wrap;
use crate::table::{Table, number};

impl Comparison {
    /// What `spectrum compare` prints on a terminal of `width` characters.
    #[must_use]
    pub fn table(&self, width: usize) -> String {
        let mut out = format!("A  {}\nB  {}\n", self.a, self.b);
        let weights = match self.initial_weights_equal {
            Some(true) => "equal, bit for bit",
            Some(false) => "DIFFERENT",
            None => "not recorded",
        };
        out.push_str(&format!("initial weights  {weights}\n"));
        for d in &self.config_differences {
            let text = |v: &Option<String>| v.clone().unwrap_or_else(|| "unset".to_owned());
            out.push_str(&format!("config differs   {} = {} | {}\n", d.key, text(&d.a), text(&d.b)));
        }
        if self.unpaired > 0 {
            out.push_str(&format!("unpaired rows    {} (recorded in one run only)\n", self.unpaired));
        }
        if self.beyond > 0 {
            out.push_str(&format!(
                "not compared     {} pairs beyond step {HORIZON}, the contract's horizon\n",
                self.beyond
            ));
        }
        let mut table =
            Table::new(["metric", "kind", "deviation", "allowed", "", "step", "layer", "A", "B"], &[1, 4, 6, 7, 8]);
        for r in &self.rows {
            let unit = match r.unit {
                Unit::Relative => " rel",
                Unit::Absolute => " abs",
                Unit::RelativeToTop => " of s1",
            };
            // Where nothing deviates, no place and no value stands out.
            let same = r.deviation == Some(0.0);
            let verdict = match r.holds {
                Some(true) if r.judged < r.pairs => format!("holds ({} of {})", r.judged, r.pairs),
                Some(true) => "holds".to_owned(),
                Some(false) => "BROKEN".to_owned(),
                None => "not judged".to_owned(),
            };
            table.row([
                r.metric.clone(),
                r.kind.map(|k| k.to_string()).unwrap_or_default(),
                r.deviation.map_or_else(|| "missing".to_owned(), |d| format!("{}{unit}", short(d))),
                r.tolerance.map_or_else(|| "-".to_owned(), short),
                verdict,
                if same { String::new() } else { r.step.to_string() },
                if same { String::new() } else { r.layer.clone().unwrap_or_default() },
                if same { String::new() } else { r.values.0.clone() },
                if same { String::new() } else { r.values.1.clone() },
            ]);
        }
        out.push('\n');
        out.push_str(&table.render(width));
        let mut notes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for r in self.rows.iter().filter(|r| r.judged < r.pairs) {
            notes.entry(r.note.as_deref().unwrap_or("no tolerance")).or_default().insert(&r.metric);
        }
        if !notes.is_empty() {
            out.push('\n');
        }
        for (note, metrics) in notes {
            let metrics: Vec<&str> = metrics.into_iter().collect();
            wrap(&format!("{note}: {}", metrics.join(", ")), width, &mut out);
        }
        let last = self.last_step.map_or_else(|| "none".to_owned(), |s| s.to_string());
        let horizon = match self.horizon {
            Some(h) => format!("within tolerance through step {h} of {last}"),
            None => "nothing is within tolerance at the first step".to_owned(),
        };
        out.push_str(&format!("\n{horizon}\nthe contract {}\n", if self.holds { "holds" } else { "does NOT hold" }));
        out
    }

    /// What `spectrum compare --json` prints.
    #[must_use]
    pub fn json(&self) -> Value {
        // A struct of plain fields always serialises.
        serde_json::to_value(self).unwrap_or_else(|e| json!({ "error": e.to_string() }))
    }
}

fn short(v: f64) -> String {
    if v == 0.0 || (1e-2..1e4).contains(&v) { number(v) } else { format!("{v:.1e}") }
}
