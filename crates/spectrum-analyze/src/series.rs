//! Several checkpoints in order are a time series; their steps are the numbers in their names, where these rise.

use std::path::{Path, PathBuf};

/// The step of each file: 0 of a single one; the last number in each name (of the folder, if the file's has none) when those
/// rise; else the position.
#[must_use]
pub fn steps(paths: &[PathBuf]) -> Vec<u64> {
    if paths.len() < 2 {
        return vec![0; paths.len()];
    }
    let by_file: Option<Vec<u64>> = paths.iter().map(|p| last_number(p.file_stem()?.to_str()?)).collect();
    let by_folder =
        || paths.iter().map(|p| last_number(p.parent()?.file_name()?.to_str()?)).collect::<Option<Vec<u64>>>();
    let rises = |steps: &Vec<u64>| steps.windows(2).all(|w| w[0] < w[1]);
    by_file.filter(rises).or_else(|| by_folder().filter(rises)).unwrap_or_else(|| (0..paths.len() as u64).collect())
}

fn last_number(name: &str) -> Option<u64> {
    let digits = name.rsplit(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty())?;
    // The store keeps steps below 2^63.
    digits.parse().ok().filter(|n| *n <= i64::MAX as u64)
}

/// The name of the analysis: the model's folder when the file has one of the names that every model has, else the file.
#[must_use]
pub fn name(path: &Path) -> String {
    let text = |s: Option<&std::ffi::OsStr>| s.map(|s| s.to_string_lossy().into_owned());
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if path.is_dir() {
        return text(absolute.file_name()).unwrap_or_else(|| "checkpoints".to_owned());
    }
    let stem = text(absolute.file_stem()).unwrap_or_default();
    let stem = stem.trim_end_matches(".safetensors.index").trim_end_matches(".safetensors").to_owned();
    let usual = matches!(stem.as_str(), "model" | "pytorch_model" | "weights" | "checkpoint" | "tensors");
    match text(absolute.parent().and_then(Path::file_name)) {
        Some(folder) if usual => format!("{folder}-{stem}"),
        _ => stem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_in_the_names() {
        let steps_of = |names: &[&str]| steps(&names.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(steps_of(&["a/step-2.pt", "a/step-10.pt"]), [2, 10]);
        assert_eq!(steps_of(&["r/step-5/model.bpk", "r/step-10/model.bpk"]), [5, 10]);
        assert_eq!(steps_of(&["a/first.pt", "a/second.pt"]), [0, 1]);
        assert_eq!(steps_of(&["a/v1-run7.pt", "a/v2-run3.pt"]), [0, 1]);
        assert_eq!(steps_of(&["a/step-70.pt"]), [0]);
        assert_eq!(steps_of(&["a/99999999999999999999.pt", "b/2.pt"]), [0, 1]);
    }

    #[test]
    fn names_of_files_that_every_model_has() {
        assert_eq!(name(Path::new("/x/minilm/model.safetensors")), "minilm-model");
        assert_eq!(name(Path::new("/x/big/model.safetensors.index.json")), "big-model");
        assert_eq!(name(Path::new("/x/silero_vad_16k.safetensors")), "silero_vad_16k");
    }
}
