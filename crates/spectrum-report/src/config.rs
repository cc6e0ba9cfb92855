//! Resolved configs side by side: which keys differ, and what to call runs that are shown together.

use std::collections::{BTreeMap, BTreeSet};

use crate::RunData;

/// `path.to.key` -> value as TOML. A config that is no TOML (a run of another tool) is one key with its text.
pub(crate) fn flat(config: &str) -> BTreeMap<String, String> {
    fn walk(prefix: &str, value: &toml::Value, out: &mut BTreeMap<String, String>) {
        if let toml::Value::Table(table) = value {
            for (k, v) in table {
                let path = if prefix.is_empty() { k.clone() } else { format!("{prefix}.{k}") };
                walk(&path, v, out);
            }
        } else {
            out.insert(prefix.to_owned(), value.to_string());
        }
    }
    let mut out = BTreeMap::new();
    match config.parse::<toml::Table>() {
        Ok(table) => walk("", &toml::Value::Table(table), &mut out),
        Err(_) => drop(out.insert("config".to_owned(), config.to_owned())),
    }
    out
}

/// Keys that do not have one and the same value in all configs, with each config's value (`None`: not there).
pub(crate) fn differing(configs: &[&str]) -> BTreeMap<String, Vec<Option<String>>> {
    let all: Vec<BTreeMap<String, String>> = configs.iter().map(|c| flat(c)).collect();
    let keys: BTreeSet<&String> = all.iter().flat_map(BTreeMap::keys).collect();
    keys.into_iter()
        .map(|k| (k.clone(), all.iter().map(|c| c.get(k).cloned()).collect::<Vec<_>>()))
        .filter(|(_, values)| values.windows(2).any(|w| w[0] != w[1]))
        .collect()
}

/// Keys in which a config may differ while the science is the same: where it runs, in what arithmetic, under which name.
pub(crate) const PLACE: [&str; 8] =
    ["checkpoint", "backend", "precision", "device", "out", "name", "spectra.workers", "spectra.queue"];

/// A short name for each of several runs: what they do not share.
pub(crate) fn names(runs: &[RunData]) -> Vec<String> {
    if let [run] = runs {
        return vec![run.info.name.clone()];
    }
    let facts: [fn(&RunData) -> String; 4] = [
        |r| r.info.name.clone(),
        |r| r.info.backend.clone(),
        |r| r.info.precision.clone(),
        |r| format!("seed {}", r.info.seed),
    ];
    let mut parts: Vec<Vec<String>> = vec![Vec::new(); runs.len()];
    for fact in facts {
        let values: Vec<String> = runs.iter().map(fact).collect();
        if values.windows(2).any(|w| w[0] != w[1]) {
            parts.iter_mut().zip(values).for_each(|(p, v)| p.push(v));
        }
    }
    let configs: Vec<&str> = runs.iter().map(|r| r.config.as_str()).collect();
    let keys = differing(&configs).into_iter().filter(|(k, _)| !["name", "seed", "config"].contains(&k.as_str()));
    for (key, values) in keys.filter(|(k, _)| !PLACE.contains(&k.as_str())).take(3) {
        let short = key.rsplit('.').next().unwrap_or(&key).to_owned();
        for (p, v) in parts.iter_mut().zip(values) {
            p.push(format!("{short} {}", v.as_deref().unwrap_or("unset").trim_matches('"')));
        }
    }
    let mut out: Vec<String> = parts.iter().map(|p| p.join(", ")).collect();
    for i in 0..out.len() {
        let twin = (0..out.len()).any(|j| j != i && out[j] == out[i]);
        if out[i].is_empty() || twin {
            out[i] = format!("run {} {}", i + 1, out[i]).trim_end().to_owned();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_keys_are_compared_by_value() {
        let a = "seed = 0\n[optimizer]\nlr = 1.0\nkind = \"adam\"\n";
        let b = "seed = 0\noptimizer = { kind = \"adam\", lr = 0.1 }\nbackend = \"wgpu\"\n";
        let d = differing(&[a, b]);
        assert_eq!(d.keys().collect::<Vec<_>>(), ["backend", "optimizer.lr"]);
        assert_eq!(d["optimizer.lr"], [Some("1.0".to_owned()), Some("0.1".to_owned())]);
        assert_eq!(d["backend"], [None, Some("\"wgpu\"".to_owned())]);
    }
}
