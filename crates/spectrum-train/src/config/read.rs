//! From a TOML file and overrides to a checked [`Config`].

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use spectrum_core::Precision;
use spectrum_hook::HookError;
use spectrum_optim::OptimizerConfig;
use toml::{Table, Value};

use super::check::check;
use super::{Config, GradientsConfig, KernelsConfig, ProbeConfig, SpectraConfig};
use crate::TrainError;

/// `sweep` and `slurm` are read by `spectrum sweep` alone.
const TOP: &[&str] = &[
    "name",
    "seed",
    "backend",
    "precision",
    "data",
    "model",
    "optimizer",
    "training",
    "spectra",
    "probe",
    "kernels",
    "gradients",
    "dynamics",
    "interventions",
    "sweep",
    "slurm",
];

/// One `--set path.to.key=value`. The value is TOML; what is not TOML is a string.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    path: Vec<String>,
    value: Value,
}

impl std::str::FromStr for Override {
    type Err = TrainError;
    fn from_str(s: &str) -> Result<Self, TrainError> {
        let bad = || TrainError::Override { found: s.to_owned() };
        let (key, value) = s.split_once('=').ok_or_else(bad)?;
        let path: Vec<String> = key.split('.').map(|p| p.trim().to_owned()).collect();
        if path.iter().any(String::is_empty) {
            return Err(bad());
        }
        let parsed = format!("v = {value}").parse::<Table>().ok().and_then(|mut t| t.remove("v"));
        Ok(Self { path, value: parsed.unwrap_or_else(|| Value::String(value.to_owned())) })
    }
}

impl Override {
    /// Sets `key` (dotted) to a value.
    #[must_use]
    pub fn new(key: &str, value: impl Into<Value>) -> Self {
        Self { path: key.split('.').map(str::to_owned).collect(), value: value.into() }
    }

    fn apply(&self, table: &mut Table) -> Result<(), TrainError> {
        let Some((first, rest)) = self.path.split_first() else { return Ok(()) };
        if rest.is_empty() {
            table.insert(first.clone(), self.value.clone());
            return Ok(());
        }
        let mut at = table.entry(first.clone()).or_insert_with(|| Value::Table(Table::new()));
        let mut name = first;
        for (i, key) in rest.iter().enumerate() {
            let wrong = |why: String| TrainError::Override { found: format!("{}: {why}", self.path.join(".")) };
            let next = match at {
                Value::Table(table) => table.entry(key.clone()).or_insert_with(|| Value::Table(Table::new())),
                // `data.spikes.0.nu`: elements of a list by their number, counted from 0.
                Value::Array(list) => {
                    let length = list.len();
                    let found = key.parse::<usize>().ok().and_then(|k| list.get_mut(k));
                    found.ok_or_else(|| {
                        wrong(format!("`{name}` is a list of {length}, and `{key}` none of its places"))
                    })?
                }
                _ => return Err(wrong(format!("`{name}` is no table"))),
            };
            if i + 1 == rest.len() {
                *next = self.value.clone();
                return Ok(());
            }
            (at, name) = (next, key);
        }
        Ok(())
    }
}

/// A config file as it was read, before it is resolved.
#[derive(Debug, Clone)]
pub struct ConfigSource {
    file: PathBuf,
    table: Table,
}

impl ConfigSource {
    /// Reads a file.
    ///
    /// # Errors
    /// [`TrainError`] when it cannot be read or is no TOML.
    pub fn read(file: &Path) -> Result<Self, TrainError> {
        let text = std::fs::read_to_string(file)
            .map_err(|e| TrainError::ReadConfig { file: file.to_owned(), why: e.to_string() })?;
        Self::parse(file, &text)
    }

    /// Parses a text that came from `file`.
    ///
    /// # Errors
    /// [`TrainError`] when it is no TOML.
    pub fn parse(file: &Path, text: &str) -> Result<Self, TrainError> {
        let table = text.parse::<Table>().map_err(|e| {
            let line = e.span().map_or(0, |s| text[..s.start.min(text.len())].matches('\n').count() + 1);
            TrainError::Config { file: file.to_owned(), key: format!("line {line}"), why: e.message().to_owned() }
        })?;
        Ok(Self { file: file.to_owned(), table })
    }

    /// Applies overrides, fills in every default and checks everything that can be checked without touching data or a
    /// device.
    ///
    /// # Errors
    /// [`TrainError::Config`], which names the file, the key, and what was expected.
    pub fn resolve(mut self, overrides: &[Override]) -> Result<Config, TrainError> {
        for o in overrides {
            o.apply(&mut self.table)?;
        }
        let file = self.file.clone();
        let wrong = |key: &str, why: String| TrainError::Config { file: file.clone(), key: key.to_owned(), why };
        if let Some(key) = self.table.keys().find(|k| !TOP.contains(&k.as_str())) {
            return Err(wrong(key, format!("unknown key{}; expected one of {}", nearest(key, TOP), TOP.join(", "))));
        }
        let name: String = self.required("name")?;
        if name.is_empty()
            || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            || name.starts_with('.')
        {
            return Err(wrong("name", format!("`{name}` is no folder name; expected letters, digits, `-`, `_`, `.`")));
        }
        let mut config = Config {
            name,
            seed: self.or("seed", 0)?,
            backend: self.or("backend", "flex".to_owned())?,
            precision: self.or("precision", Precision::F32)?,
            data: self.required("data")?,
            model: self.required("model")?,
            optimizer: self.required::<OptimizerConfig>("optimizer")?,
            training: self.required("training")?,
            spectra: self.or("spectra", SpectraConfig::default())?,
            probe: self.or("probe", ProbeConfig::default())?,
            kernels: self.or("kernels", KernelsConfig::default())?,
            gradients: self.or("gradients", GradientsConfig::default())?,
            dynamics: self.get("dynamics")?,
            interventions: self.get("interventions")?,
        };
        config.data.fill();
        check(&config).map_err(|(key, why)| wrong(key, why))?;
        config.optimizer.validate().map_err(|e| wrong("optimizer", e.to_string()))?;
        config.spectra.every.validate().map_err(|e| wrong("spectra.every", bare(&e)))?;
        if let Some(every) = &config.probe.substitutes {
            every.validate().map_err(|e| wrong("probe.substitutes", bare(&e)))?;
        }
        if let Some(every) = &config.kernels.every {
            every.validate().map_err(|e| wrong("kernels.every", bare(&e)))?;
        }
        if let Some(i) = &config.interventions {
            i.every.validate().map_err(|e| wrong("interventions.every", bare(&e)))?;
        }
        Ok(config)
    }

    fn get<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, TrainError> {
        let Some(value) = self.table.remove(key) else { return Ok(None) };
        value.clone().try_into().map(Some).map_err(|e: toml::de::Error| TrainError::Config {
            file: self.file.clone(),
            key: format!("{key}{}", culprit::<T>(&value, e.message())),
            why: with_nearest(e.message()),
        })
    }

    fn required<T: DeserializeOwned>(&mut self, key: &str) -> Result<T, TrainError> {
        self.get(key)?.ok_or_else(|| TrainError::Config {
            file: self.file.clone(),
            key: key.to_owned(),
            why: "is missing".into(),
        })
    }

    fn or<T: DeserializeOwned>(&mut self, key: &str, default: T) -> Result<T, TrainError> {
        Ok(self.get(key)?.unwrap_or(default))
    }
}

/// `; did you mean ...?` for a key that is close to a known one.
pub(super) fn nearest(found: &str, known: &[&str]) -> String {
    let best = known.iter().map(|k| (strsim::damerau_levenshtein(found, k), *k)).min();
    match best {
        Some((distance, k)) if distance <= 2.max(found.len() / 3) => format!(", did you mean `{k}`?"),
        _ => String::new(),
    }
}

/// Serde says "unknown field `x`, expected one of `a`, `b`"; the nearest one is put in front.
fn with_nearest(message: &str) -> String {
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match words.split_first() {
        Some((found, known)) if message.starts_with("unknown") && !known.is_empty() => {
            let hint = nearest(found, known);
            if hint.is_empty() { message.to_owned() } else { format!("{message}{hint}") }
        }
        _ => message.to_owned(),
    }
}

/// `.path.to.key` of what the error is about, from the table that was read; empty for the table itself. Serde reads a
/// table with a `kind` through a buffer that forgets where a value stood. So the key is found by leaving it out: without
/// it the error is another one, or none.
fn culprit<T: DeserializeOwned>(value: &Value, message: &str) -> String {
    fn search(table: &Table, missing: bool, variant: bool, still: &dyn Fn(Table) -> bool) -> String {
        let without = |key: &str| {
            let mut rest = table.clone();
            rest.remove(key);
            rest
        };
        // Leaving out one key more changes which one is reported as missing: then only tables within can hold the gap.
        let may = |key: &str, value: &Value| key != "kind" && (!missing || value.is_table());
        let found = table.iter().find(|(k, v)| may(k, v) && !still(without(k)));
        // Leaving out `kind` always changes the error, so its own errors are told by their words.
        let Some((key, value)) = found.or_else(|| table.get_key_value("kind").filter(|_| variant)) else {
            return String::new();
        };
        let within = value.as_table().map(|inner| {
            search(inner, missing, variant, &|inner| {
                let mut whole = table.clone();
                whole.insert(key.clone(), Value::Table(inner));
                still(whole)
            })
        });
        format!(".{key}{}", within.unwrap_or_default())
    }
    let still = |table: Table| matches!(Value::Table(table).try_into::<T>(), Err(e) if e.message() == message);
    let (missing, variant) = (message.starts_with("missing field"), message.contains("variant"));
    value.as_table().map(|t| search(t, missing, variant, &still)).unwrap_or_default()
}

/// The words of an error about a schedule without the key that it names itself: several keys hold one.
fn bare(e: &HookError) -> String {
    match e {
        HookError::Schedule(why) => why.clone(),
        other => other.to_string(),
    }
}

impl Config {
    /// The resolved config as TOML, every default written out.
    ///
    /// # Errors
    /// [`TrainError`] when a value has no TOML form (a seed beyond 2^63, say).
    pub fn to_toml(&self) -> Result<String, TrainError> {
        toml::to_string(self).map_err(|e| TrainError::WriteConfig(e.to_string()))
    }

    /// Eight hexadecimal digits that follow from the resolved config without name, seed and backend, which stand in the
    /// run directory's name themselves, and without workers and queue, which decide no number: runs of one experiment
    /// share them.
    ///
    /// # Errors
    /// As [`Config::to_toml`].
    pub fn hash(&self) -> Result<String, TrainError> {
        let mut same = Self { name: String::new(), seed: 0, backend: String::new(), ..self.clone() };
        (same.spectra.workers, same.spectra.queue) = (0, 0);
        let digest = Sha256::digest(same.to_toml()?.as_bytes());
        Ok(digest.iter().take(4).map(|b| format!("{b:02x}")).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
name = "t"
[data]
kind = "single-index"
n = 8
d = 4
[model]
kind = "two-layer"
width = 6
[optimizer]
kind = "adam"
lr = 0.1
[training]
steps = 2
"#;

    fn resolve(text: &str, sets: &[&str]) -> Result<Config, String> {
        let overrides: Vec<Override> = sets.iter().map(|s| s.parse().unwrap()).collect();
        ConfigSource::parse(Path::new("c.toml"), text).and_then(|c| c.resolve(&overrides)).map_err(|e| e.to_string())
    }

    #[test]
    fn a_resolved_config_reads_back_as_itself() {
        let c = resolve(GOOD, &[]).unwrap();
        let again = resolve(&c.to_toml().unwrap(), &[]).unwrap();
        assert_eq!(c, again);
        assert_eq!(c.hash().unwrap(), again.hash().unwrap());
    }

    #[test]
    fn an_override_reaches_into_lists_by_number() {
        let text = GOOD.replace(
            "kind = \"single-index\"\nn = 8\nd = 4",
            "kind = \"spiked\"\nn = 8\nd = 4\nn_test = 4\nnoise = 0.1\nspikes = [{ nu = 0.1 }]",
        );
        let c = resolve(&text, &["data.spikes.0.nu=0.25"]).unwrap();
        assert!(c.to_toml().unwrap().contains("nu = 0.25"));
        for (set, words) in [
            ("data.spikes.1.nu=0.2", "`spikes` is a list of 1, and `1` none of its places"),
            ("data.spikes.first.nu=0.2", "`first` none of its places"),
            ("data.n.x=0.2", "`n` is no table"),
        ] {
            let e = resolve(&text, &[set]).unwrap_err();
            assert!(e.contains(words), "{e}");
        }
    }

    #[test]
    fn a_matrix_has_targets_from_one_place_and_its_defaults_written_out() {
        let rest = "kind = \"matrix\"\nfile = \"x.npz\"\nn_test = 3";
        let text = GOOD.replace("kind = \"single-index\"\nn = 8\nd = 4", rest);
        let c = resolve(&text, &["data.teacher=triple-index"]).unwrap();
        let written = c.to_toml().unwrap();
        for line in ["teacher = \"triple\"", "noise = 0.1", "form = \"values\"", "shuffle = true", "spikes = 0"] {
            assert!(written.contains(line), "`{line}` is missing in {written}");
        }
        assert_eq!(resolve(&written, &[]).unwrap(), c);
        assert!(resolve(&text, &["data.targets=y", "data.form=sign", "training.loss=logistic"]).is_ok());
        for (sets, words) in [
            (&[][..], "data.targets: "),
            (&["data.targets=y", "data.teacher=triple"], "found both"),
            (&["data.targets=y", "data.noise=0.1"], "data.noise: "),
            (&["data.teacher=triple", "data.noise=-1.0"], "data.noise: "),
            (&["data.teacher=triple", "data.form=class"], "data.form: "),
            (&["data.targets=y", "data.form=class"], "model.kind: "),
            (&["data.targets=y", "training.loss=logistic"], "data.form"),
            (&["data.targets=y", "data.target=z"], "did you mean `targets`"),
            (&["data.targets=y", "data.n_test=0"], "data.n_test: "),
        ] {
            let e = resolve(&text, sets).unwrap_err();
            assert!(e.contains(words), "{sets:?}: `{e}` lacks `{words}`");
        }
    }

    #[test]
    fn the_hash_ignores_name_seed_and_backend_only() {
        let hash = |s: &[&str]| resolve(GOOD, s).unwrap().hash().unwrap();
        assert_eq!(hash(&[]), hash(&["seed=7", "backend=wgpu", "name=other", "spectra.workers=3", "spectra.queue=4"]));
        assert_ne!(hash(&[]), hash(&["precision=f64"]));
        assert_ne!(hash(&[]), hash(&["training.steps=3"]));
    }

    #[test]
    fn errors_name_the_file_the_key_and_what_was_expected() {
        for (sets, words) in [
            (&["data.linkk=tanh"][..], &["c.toml: data.linkk: ", "did you mean `link`"][..]),
            (&["seeed=1"], &["c.toml", "seeed", "did you mean `seed`"]),
            (&["data.n=0"], &["data.n", "at least 1"]),
            (&["data.n=many"], &["data.n: ", "\"many\"", "usize"]),
            (&["data.kind=mnst"], &["data.kind: ", "did you mean `mnist`"]),
            (&["data={kind='single-index', d=3}"], &["c.toml: data: ", "missing field `n`"]),
            (&["data={kind='single-index', n=3}"], &["c.toml: data: ", "missing field `d`"]),
            (&["optimizer={kind='muon', fallback={beta=1}}"], &["optimizer.fallback.beta: ", "did you mean `betas`"]),
            (&["optimizer.schedule={kind='warmup'}"], &["optimizer.schedule: ", "missing field `steps`"]),
            (&["spectra.every=often"], &["spectra.every: ", "a spacing"]),
            (&["model.width=99999999999"], &["model.width", "memory"]),
            (&["model.activation=tahn"], &["model.activation: ", "did you mean `tanh`"]),
            (&["training.batch=0"], &["training.batch: ", "\"full\""]),
            (&["training.epochs=1"], &["training", "both"]),
            (&["spectra.every=0"], &["spectra.every"]),
            (&["precision=f16"], &["precision", "f32 or f64"]),
            (&["name=a/b"], &["name", "folder"]),
            (&["optimizer.lr=-1"], &["optimizer", "lr"]),
            (&["optimizer.kind=adamm"], &["optimizer", "did you mean `adam`"]),
        ] {
            let e = resolve(GOOD, sets).unwrap_err();
            for word in words {
                assert!(e.contains(word), "{sets:?}: `{e}` lacks `{word}`");
            }
        }
    }
}
