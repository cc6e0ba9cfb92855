//! How many attention heads a model has: its `config.json` says, if it lies beside the weights.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

/// Configs are a few kilobytes; one of a megabyte is something else.
const LIMIT: u64 = 1 << 20;

/// Heads of queries and of keys; 0 where nobody says. Never an error: the file is not part of the checkpoint.
pub(crate) fn of_folder(checkpoint: &Path) -> (usize, usize) {
    let Some(folder) = checkpoint.parent() else { return (0, 0) };
    let mut text = Vec::new();
    let read = File::open(folder.join("config.json")).and_then(|f| f.take(LIMIT).read_to_end(&mut text));
    match read.ok().and_then(|_| serde_json::from_slice::<Value>(&text).ok()) {
        Some(config) => of_config(&config),
        None => (0, 0),
    }
}

fn of_config(config: &Value) -> (usize, usize) {
    let number = |names: &[&str]| {
        names.iter().find_map(|n| config.get(n)?.as_u64()).and_then(|n| usize::try_from(n).ok()).unwrap_or(0)
    };
    let heads = number(&["num_attention_heads", "n_head", "n_heads", "num_heads"]);
    let keys = number(&["num_key_value_heads", "n_kv_heads"]);
    (heads, if keys > 0 { keys } else { heads })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn configs_of_hugging_face_are_read() {
        assert_eq!(of_config(&json!({"num_attention_heads": 12})), (12, 12));
        assert_eq!(of_config(&json!({"num_attention_heads": 32, "num_key_value_heads": 8})), (32, 8));
        assert_eq!(of_config(&json!({"n_head": "many"})), (0, 0));
        assert_eq!(of_config(&json!([])), (0, 0));
    }
}
