//! What is analysed and how, as it stands in the run directory's `config.toml`.

use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use spectrum_core::Route;

use crate::AnalyzeError;

/// How a checkpoint is read and measured. Everything that can change a number is in here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Globs on tensor names.
    pub layers: Vec<String>,
    /// The tail fit: `csn`, `ww` or `hill`.
    pub convention: String,
    /// How singular values are computed.
    pub route: Route,
    /// Leading singular pairs kept.
    pub vectors: usize,
    /// Above this many singular values a matrix goes the `topk` route, with a density beside it.
    pub max_size: usize,
    /// Views beside or instead of the usual ones.
    pub views: Vec<ViewChoice>,
    /// Attention heads; 0 for what the model's `config.json` says.
    pub heads: usize,
    /// Which axis of a two-dimensional tensor is the output.
    pub layout: Layout,
    /// Measures that cost another decomposition or a bootstrap.
    pub extras: Vec<Extra>,
    /// Precision of the bootstrap's p.
    pub goodness_precision: f64,
    /// Seed of every random null.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            layers: vec!["*".into()],
            convention: "csn".into(),
            route: Route::Gram,
            vectors: 8,
            max_size: 8192,
            views: Vec::new(),
            heads: 0,
            layout: Layout::Auto,
            extras: Vec::new(),
            goodness_precision: 0.03,
            seed: 0,
        }
    }
}

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident, $option:literal, $expected:literal, { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// The name that the user gives it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl FromStr for $name {
            type Err = AnalyzeError;
            fn from_str(s: &str) -> Result<Self, AnalyzeError> {
                match s {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(AnalyzeError::Option { option: $option, found: s.to_owned(), expected: $expected }),
                }
            }
        }
    };
}

choice!(
    /// A view that the user may ask for.
    ViewChoice, "--views", "flatten, positions, stacked, gates, matrix, heads", {
    /// A convolution as one matrix (the default).
    Flatten = "flatten",
    /// A convolution as one matrix for each kernel position.
    Positions = "positions",
    /// Gates as one matrix (the default).
    Stacked = "stacked",
    /// One matrix for each gate.
    Gates = "gates",
    /// An attention projection as one matrix (the default).
    Matrix = "matrix",
    /// One matrix for each attention head.
    Heads = "heads",
});

choice!(
    /// Which axis of a two-dimensional tensor is the output.
    Layout, "--layout", "auto, torch, burn", {
    /// By the container and the tensor's name.
    Auto = "auto",
    /// Output x input, embeddings tokens x width.
    Torch = "torch",
    /// Input x output.
    Burn = "burn",
});

choice!(
    /// A measure that costs another decomposition or a bootstrap.
    Extra, "--with", "shuffle, farms, goodness", {
    /// The null of shuffled entries.
    Shuffle = "shuffle",
    /// The tail index of submatrices of one aspect ratio.
    Farms = "farms",
    /// The bootstrap p of the tail fit.
    Goodness = "goodness",
});

/// One file of the analysis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The step that its rows get.
    pub step: u64,
    /// The file, or the index of a sharded set.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Its container.
    pub container: String,
    /// The dictionary that was taken, if there was a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// Tensors.
    pub tensors: u64,
    /// Elements of the matrices that were analysed.
    pub parameters: u64,
    /// Time of last change, nanoseconds since 1970: tells a file that was written again.
    pub modified: String,
}

/// Something that was left out, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The tensor or object.
    pub name: String,
    /// Why it has no spectrum.
    pub why: String,
}

/// `config.toml` of an analysis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The run's name: the file's or folder's.
    pub name: String,
    /// The settings, under the name that live runs use for theirs.
    pub spectra: Settings,
    /// The files, in step order.
    pub checkpoint: Vec<Source>,
    /// The file that was subtracted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<Source>,
    /// What has no spectrum.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

impl Description {
    /// As TOML.
    pub(crate) fn to_toml(&self) -> Result<String, AnalyzeError> {
        toml::to_string(self).map_err(|e| AnalyzeError::Settings(e.to_string()))
    }

    /// The first eight hex digits of the SHA-256 of everything that can change a number.
    pub(crate) fn hash(&self) -> Result<String, AnalyzeError> {
        let text = Self { left_out: Vec::new(), ..self.clone() }.to_toml()?;
        Ok(Sha256::digest(text.as_bytes()).iter().take(4).map(|b| format!("{b:02x}")).collect())
    }
}
