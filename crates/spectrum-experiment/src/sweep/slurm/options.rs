//! What a job asks of Slurm: the config's `[slurm]` table, flags over it.

use std::path::Path;

use serde::{Deserialize, Deserializer};

use crate::sweep::{Grid, SweepError};

/// What each task of the array asks for. The config's table has the same keys:
///
/// ```toml
/// [slurm]
/// partition = "gpu"
/// time = "02:00:00"           # a task's; also minutes as a number
/// gpus = 1                    # or a type and a number: "a100:1"
/// cpus = 8
/// memory = "16G"
/// sbatch = ["--account=physics", "--constraint=h100"]
/// points_per_task = 1         # more: short points share a task, one after the other
/// simultaneous = 20           # tasks at a time at most
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SlurmOptions {
    /// `--partition`.
    #[serde(deserialize_with = "word")]
    pub partition: Option<String>,
    /// `--time` of one task, in any of Slurm's forms.
    #[serde(deserialize_with = "word")]
    pub time: Option<String>,
    /// `--gres=gpu:...`: a number, or `type:number`.
    #[serde(deserialize_with = "word")]
    pub gpus: Option<String>,
    /// `--cpus-per-task`.
    #[serde(deserialize_with = "word")]
    pub cpus: Option<String>,
    /// `--mem` of one task.
    #[serde(deserialize_with = "word")]
    pub memory: Option<String>,
    /// Further options of sbatch, one a string.
    pub sbatch: Vec<String>,
    /// Points that one task runs, one after the other; more where the cluster allows too few tasks.
    pub points_per_task: Option<usize>,
    /// Tasks at a time at most.
    pub simultaneous: Option<usize>,
}

/// Words and whole numbers alike.
fn word<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a word or a whole number")]
    enum Word {
        Number(u64),
        Text(String),
    }
    Ok(Some(match Word::deserialize(d)? {
        Word::Number(n) => n.to_string(),
        Word::Text(t) => t,
    }))
}

impl SlurmOptions {
    /// These options, and `other`'s where these are silent: flags before the config. Further lines of both are kept.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            partition: self.partition.or(other.partition),
            time: self.time.or(other.time),
            gpus: self.gpus.or(other.gpus),
            cpus: self.cpus.or(other.cpus),
            memory: self.memory.or(other.memory),
            sbatch: other.sbatch.into_iter().chain(self.sbatch).collect(),
            points_per_task: self.points_per_task.or(other.points_per_task),
            simultaneous: self.simultaneous.or(other.simultaneous),
        }
    }

    /// The options as lines of a job script, without `#SBATCH`.
    pub(crate) fn lines(&self, file: &Path) -> Result<Vec<String>, SweepError> {
        let wrong = |key: &str, why: String| Err(SweepError::key(file, format!("slurm.{key}"), why));
        let mut lines = Vec::new();
        for (key, option, value) in [
            ("partition", "--partition=", &self.partition),
            ("time", "--time=", &self.time),
            ("gpus", "--gres=gpu:", &self.gpus),
            ("cpus", "--cpus-per-task=", &self.cpus),
            ("memory", "--mem=", &self.memory),
        ] {
            let Some(value) = value else { continue };
            if value.is_empty() || value.contains(|c: char| c.is_whitespace() || c.is_control()) {
                return wrong(key, format!("`{value}` is no word"));
            }
            // No GPU is asked for by not asking.
            if key != "gpus" || value != "0" {
                lines.push(format!("{option}{value}"));
            }
        }
        for line in &self.sbatch {
            if !line.starts_with('-') || line.contains(char::is_control) {
                return wrong("sbatch", format!("`{line}` is no option; expected such as `--account=physics`"));
            }
            lines.push(line.clone());
        }
        for (key, value) in [("points_per_task", self.points_per_task), ("simultaneous", self.simultaneous)] {
            if value == Some(0) {
                return wrong(key, "must be at least 1, found 0".into());
            }
        }
        Ok(lines)
    }
}

impl Grid {
    /// The config's `[slurm]` table; nothing is asked for without one.
    ///
    /// # Errors
    /// [`SweepError::Key`] for an unknown key or a value of another kind.
    pub fn slurm_options(&self) -> Result<SlurmOptions, SweepError> {
        let Some(value) = self.slurm.clone() else { return Ok(SlurmOptions::default()) };
        let wrong = |key: String, why: &str| SweepError::key(self.file(), key, why);
        let table = value.as_table().cloned().ok_or_else(|| wrong("slurm".into(), "is no table"))?;
        let whole = |t: toml::Table| t.try_into::<SlurmOptions>();
        whole(table.clone()).map_err(|e| {
            // Serde does not say which key of a table it means: the one that is wrong alone.
            let alone = |k: &String, v: &toml::Value| whole([(k.clone(), v.clone())].into_iter().collect()).is_err();
            let key = table.iter().find(|(k, v)| alone(k, v)).map_or("slurm".into(), |(k, _)| format!("slurm.{k}"));
            wrong(key, e.message())
        })
    }
}
