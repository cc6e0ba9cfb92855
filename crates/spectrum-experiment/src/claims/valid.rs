//! Checks what parts of a claim file say of each other.

use std::collections::BTreeSet;

use super::check::{Seeds, Test};
use super::error::ClaimError;
use super::nearest::hint;
use super::quantity::Quantity;
use super::read::Part;
use super::topic::{Axis, Claim, FindingVerdict, Mark, RunSpec, Topic};

/// Everything that two parts could disagree on.
pub(crate) fn check(topic: &Topic) -> Result<(), ClaimError> {
    let part = |place: String| Part { file: &topic.file, place };
    if topic.scales.is_empty() {
        return Err(part("the file".into()).wrong("scale", "has no scale; expected `[scale.small]` at least"));
    }
    for (name, scale) in &topic.scales {
        seeds(&part(format!("scale `{name}`")), "seeds", &scale.seeds)?;
    }
    for (name, run) in &topic.runs {
        let part = part(format!("run `{name}`"));
        for (scale, at) in &run.scale {
            known_scale(topic, &part, "scale", scale)?;
            if let Some(list) = &at.seeds {
                seeds(&part, &format!("scale.{scale}.seeds"), list)?;
            }
        }
    }
    for (name, threshold) in &topic.thresholds {
        let part = part(format!("threshold `{name}`"));
        let of = &threshold.reaches.of;
        if of.threshold.is_some() {
            return Err(part.wrong("of.threshold", "a threshold is searched for in a run's metric"));
        }
        quantity_fault(&part, "of", of)?;
        if !of.at.is_empty() {
            return Err(part.wrong("of.at", "a threshold is searched for at every point; a condition's `at` picks one"));
        }
        for scale in topic.scales.keys() {
            place(topic, &part, "of", of, scale)?;
        }
    }
    let mut ids = BTreeSet::new();
    for claim in &topic.claims {
        let part = part(format!("claim `{}`", claim.id));
        if !ids.insert(&claim.id) {
            return Err(part.wrong("id", "stands there twice"));
        }
        self::claim(topic, &part, claim)?;
    }
    super::figure::check(topic)
}

fn claim(topic: &Topic, part: &Part<'_>, claim: &Claim) -> Result<(), ClaimError> {
    if claim.checks.is_empty() {
        return Err(part.wrong("check", "has no condition"));
    }
    for scale in &claim.scales {
        known_scale(topic, part, "scales", scale)?;
    }
    if let Some(finding) = &claim.finding {
        for scale in &finding.scales {
            known_scale(topic, part, "finding.scales", scale)?;
        }
        let (needed, word) = match finding.verdict {
            FindingVerdict::Refuted => (Mark::ReadInSource, "`refuted` is said of what was read in its source"),
            FindingVerdict::Differs => (Mark::Literature, "`differs` is said of what is known from the literature"),
        };
        if claim.mark != needed {
            let mark = if needed == Mark::Literature { "literature" } else { "read-in-source" };
            return Err(part.wrong("finding.verdict", format!("{word}; expected mark = \"{mark}\"")));
        }
    }
    for (i, check) in claim.checks.iter().enumerate() {
        let part = Part { file: part.file, place: format!("{}, check {}", part.place, i + 1) };
        for scale in check.at_scale.keys() {
            known_scale(topic, &part, "scale", scale)?;
        }
        for scale in topic.scales_of(claim) {
            let mut axes: Vec<Option<&Axis>> = Vec::new();
            let mut seeds: Vec<&[u64]> = Vec::new();
            for (key, quantity) in check.test.quantities() {
                let run = place(topic, &part, key, quantity, scale)?;
                axes.push(run.axis_at(scale).filter(|_| quantity.at.is_empty()));
                seeds.push(topic.seeds_at(run, scale));
            }
            if seeds.windows(2).any(|w| w[0] != w[1]) {
                return Err(part.wrong("with.run", format!("has other seeds than `of` at scale {scale}")));
            }
            if let Seeds::AtLeast(k) = check.seeds
                && seeds.iter().any(|s| s.len() < k)
            {
                return Err(part.wrong("seeds", format!("asks for {k}; scale {scale} has {}", seeds[0].len())));
            }
            let axis = axes.iter().flatten().next();
            if axis.is_none() && (check.test.along() || check.window.is_some()) {
                return Err(
                    part.wrong("of.run", format!("has no axis at scale {scale}, and the condition is about one"))
                );
            }
            let both = axes.iter().flatten().count() > 1 || matches!(check.test, Test::Correlation(_));
            let points = |a: &Option<&Axis>| a.map_or(0, |a| a.points.len());
            if both && axes.windows(2).any(|w| points(&w[0]) != points(&w[1])) {
                return Err(part.wrong("with", format!("has another number of points than `of` at scale {scale}")));
            }
            if let (Test::Exponent(t), Some(axis)) = (&check.test, axis) {
                let size = t.size.as_deref().unwrap_or(&axis.key);
                numbers(&part, "size", axis, size)?;
            }
            // What is ordered or cut out needs numbers in the axis' own key.
            let ordered = check.window.is_some() || matches!(check.test, Test::Monotone(_));
            if let (true, Some(axis)) = (ordered, axis) {
                numbers(&part, "of.run", axis, &axis.key)?;
            }
        }
    }
    Ok(())
}

pub(crate) fn numbers(part: &Part<'_>, key: &str, axis: &Axis, size: &str) -> Result<(), ClaimError> {
    match (0..axis.points.len()).find(|p| axis.coordinate(*p, size).is_none()) {
        Some(p) => Err(part.wrong(key, format!("point {} of the axis has no number `{size}`", p + 1))),
        None => Ok(()),
    }
}

/// The run of a quantity at a scale, and whether `at` picks one point of its axis.
pub(crate) fn place<'a>(
    topic: &'a Topic,
    part: &Part<'_>,
    key: &str,
    quantity: &Quantity,
    scale: &str,
) -> Result<&'a RunSpec, ClaimError> {
    let (name, run) = topic.run_of(part, key, quantity)?;
    if quantity.at.is_empty() {
        return Ok(run);
    }
    let at = format!("{key}.at");
    let Some(axis) = run.axis_at(scale) else {
        return Err(part.wrong(&at, format!("picks a point, but run `{name}` has no axis at scale {scale}")));
    };
    match axis.matching(&quantity.at).len() {
        1 => Ok(run),
        n => {
            let labels: Vec<String> = (0..axis.points.len()).map(|p| axis.label(p)).collect();
            let labels = labels.join(", ");
            Err(part.wrong(&at, format!("picks {n} points of run `{name}` at scale {scale}; expected one of {labels}")))
        }
    }
}

/// What is wrong with a quantity by itself.
pub(crate) fn quantity_fault(part: &Part<'_>, key: &str, quantity: &Quantity) -> Result<(), ClaimError> {
    match quantity.fault() {
        Some((inner, why)) => Err(part.wrong(&format!("{key}.{inner}"), why)),
        None => Ok(()),
    }
}

fn seeds(part: &Part<'_>, key: &str, seeds: &[u64]) -> Result<(), ClaimError> {
    let distinct: BTreeSet<_> = seeds.iter().collect();
    if seeds.is_empty() || distinct.len() < seeds.len() {
        return Err(part.wrong(key, format!("found {seeds:?}; expected at least one seed, each once")));
    }
    Ok(())
}

pub(crate) fn known_scale(topic: &Topic, part: &Part<'_>, key: &str, scale: &str) -> Result<(), ClaimError> {
    if topic.scales.contains_key(scale) {
        return Ok(());
    }
    let known: Vec<&str> = topic.scales.keys().map(String::as_str).collect();
    let nearest = hint(scale, known.iter().copied());
    Err(part.wrong(key, format!("unknown scale `{scale}`{nearest}; expected one of {}", known.join(", "))))
}

impl Topic {
    /// The seeds of a run at a scale.
    pub(crate) fn seeds_at<'a>(&'a self, run: &'a RunSpec, scale: &str) -> &'a [u64] {
        let own = run.scale.get(scale).and_then(|s| s.seeds.as_deref());
        own.or_else(|| self.scales.get(scale).map(|s| s.seeds.as_slice())).unwrap_or_default()
    }

    /// The scales at which a claim is judged.
    pub(crate) fn scales_of<'a>(&'a self, claim: &'a Claim) -> Vec<&'a str> {
        match claim.scales.is_empty() {
            true => self.scales.keys().map(String::as_str).collect(),
            false => claim.scales.iter().map(String::as_str).collect(),
        }
    }

    /// The run that a quantity reads, itself or through its threshold.
    pub(crate) fn run_of<'a>(
        &'a self,
        part: &Part<'_>,
        key: &str,
        quantity: &Quantity,
    ) -> Result<(&'a str, &'a RunSpec), ClaimError> {
        let name = match &quantity.threshold {
            None => quantity.run.clone().unwrap_or_default(),
            Some(t) => match self.thresholds.get(t) {
                Some(t) => t.reaches.of.run.clone().unwrap_or_default(),
                None => {
                    let key = format!("{key}.threshold");
                    return Err(part.wrong(&key, unknown("threshold", t, self.thresholds.keys())));
                }
            },
        };
        match self.runs.get_key_value(&name) {
            Some((name, run)) => Ok((name, run)),
            None => Err(part.wrong(&format!("{key}.run"), unknown("run", &name, self.runs.keys()))),
        }
    }
}

fn unknown<'a>(what: &str, found: &str, known: impl Iterator<Item = &'a String> + Clone) -> String {
    let nearest = hint(found, known.clone().map(String::as_str));
    let list: Vec<&str> = known.map(String::as_str).collect();
    format!("unknown {what} `{found}`{nearest}; expected one of {}", list.join(", "))
}
