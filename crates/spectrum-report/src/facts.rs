//! The facts of a run in words and units.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use spectrum_store::RunInfo;

use crate::{RunData, sections, series};

/// The fields of [`RunInfo`] as the store names them, with the run directory.
pub(crate) fn fields(run: &RunData) -> Map<String, Value> {
    let mut map = match serde_json::to_value(&run.info) {
        Ok(Value::Object(map)) => map,
        // A struct of plain fields always becomes an object; an empty one would only mean fewer facts.
        _ => Map::new(),
    };
    map.insert("dir".to_owned(), Value::String(run.dir.to_string_lossy().into_owned()));
    map
}

/// Name and text of each fact, in the order a reader asks for them. Facts that the run does not have are left out.
pub(crate) fn facts(run: &RunData) -> Vec<(&'static str, String)> {
    let i = &run.info;
    let words = |v: &Option<String>| v.clone().filter(|s| !s.is_empty());
    let filled = |v: &str| Some(v.to_owned()).filter(|s| !s.is_empty());
    let trained = !sections::is_checkpoint(run);
    let checkpoints = (!trained).then(|| steps(run));
    let all = [
        ("Name", filled(&i.name)),
        ("Status", Some(i.status.to_string())),
        ("Message", words(&i.message)),
        ("Checkpoints", checkpoints.map(|n| n.to_string())),
        ("Optimizer steps done", trained.then(|| i.steps_done.to_string())),
        ("Seed", Some(i.seed.to_string())),
        ("Backend", if trained { filled(&i.backend) } else { None }),
        ("Precision", filled(&i.precision)),
        ("Adapter", words(&i.adapter)),
        ("Driver", words(&i.driver)),
        ("Graphics API", words(&i.graphics_api)),
        ("CPU threads", Some(i.cpu_threads).filter(|n| *n > 0).map(|n| n.to_string())),
        ("Parameters", Some(i.parameters).filter(|n| *n > 0).map(grouped)),
        ("Wall time", Some(duration(i.wall_seconds))),
        ("Training time", trained.then(|| duration(i.training_seconds))),
        ("Recording time, summed over workers", trained.then(|| duration(i.recording_seconds))),
        ("Training thread waited for recording", trained.then(|| duration(i.waited_seconds))),
        ("Recording overhead", overhead(i).map(|o| format!("{o} of training time"))),
        ("Started", Some(i.started_unix).filter(|t| *t > 0.0).map(utc)),
        ("Spectrum", filled(&i.spectrum_version)),
        ("Burn", filled(&i.burn_version)),
        ("Config hash", filled(&i.config_hash)),
        ("Run directory", Some(run.dir.to_string_lossy().into_owned())),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// How many steps a run has rows of.
fn steps(run: &RunData) -> usize {
    let rows = run.spectra.iter().map(|s| s.id.step).chain(run.records.iter().map(|r| r.id.step));
    rows.collect::<BTreeSet<u64>>().len()
}

/// A count with its noun.
fn counted(n: usize, noun: &str, nouns: &str) -> String {
    format!("{n} {}", if n == 1 { noun } else { nouns })
}

/// The facts that belong in one line.
pub(crate) fn headline(run: &RunData) -> String {
    let i = &run.info;
    let mut parts = vec![i.status.to_string()];
    if sections::is_checkpoint(run) {
        parts[0] = counted(steps(run), "checkpoint", "checkpoints");
        parts.push(counted(series::matrices(run).iter().filter(|m| !m.is_pair()).count(), "matrix", "matrices"));
        parts.extend(Some(i.parameters).filter(|n| *n > 0).map(|n| format!("{} parameters", grouped(n))));
        parts.extend(Some(i.precision.clone()).filter(|p| !p.is_empty()));
        parts.push(format!("analysed in {}", duration(i.wall_seconds)));
        return parts.join(" · ");
    }
    parts.extend([
        format!("{} optimizer steps", i.steps_done),
        format!("{}, {}", i.backend, i.precision),
        format!("seed {}", i.seed),
        format!("wall time {}", duration(i.wall_seconds)),
    ]);
    parts.extend(overhead(i).map(|o| format!("recording overhead {o} of training time")));
    parts.join(" · ")
}

/// Recording overhead in per cent: time that the training thread waited for the hook over training time.
pub(crate) fn overhead(i: &RunInfo) -> Option<String> {
    i.recording_overhead.filter(|x| x.is_finite()).map(|x| format!("{:.1} %", 100.0 * x))
}

/// Seconds in the unit that reads best.
pub(crate) fn duration(seconds: f64) -> String {
    let s = seconds.max(0.0);
    if s < 1.0 {
        format!("{:.0} ms", s * 1e3)
    } else if s < 120.0 {
        format!("{s:.1} s")
    } else if s < 7200.0 {
        format!("{} min {:02} s", s as u64 / 60, s as u64 % 60)
    } else {
        format!("{} h {:02} min", s as u64 / 3600, s as u64 / 60 % 60)
    }
}

/// 1234567 as 1 234 567, with no-break spaces.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{a0}');
        }
        out.push(c);
    }
    out
}

/// Seconds since 1970 as `2026-01-31 12:00:00 UTC` (days to civil date: H. Hinnant's algorithm).
fn utc(unix: f64) -> String {
    let seconds = unix as i64;
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let z = days + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = yoe + era * 400 + i64::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_date_u() {
        // date -u -d @N '+%F %T'
        assert_eq!(utc(0.0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(951_782_400.9), "2000-02-29 00:00:00 UTC");
        assert_eq!(utc(1_767_225_599.0), "2025-12-31 23:59:59 UTC");
    }

    #[test]
    fn durations_and_counts() {
        assert_eq!(duration(0.0123), "12 ms");
        assert_eq!(duration(61.25), "61.2 s");
        assert_eq!(duration(125.0), "2 min 05 s");
        assert_eq!(duration(7260.0), "2 h 01 min");
        assert_eq!(grouped(240_600), "240\u{a0}600");
        assert_eq!(grouped(600), "600");
    }
}
