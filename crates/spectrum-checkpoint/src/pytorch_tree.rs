//! Which part of a pickled dictionary holds the network's weights.

use std::collections::{BTreeSet, HashMap};

use pytorch_reader::PickleValue;

use crate::error::clip;
use crate::{Skipped, natural_order};

/// The type name that `pytorch-reader` gives a tensor.
const TENSOR: &str = "torch.Tensor";

/// Dictionaries that are the network where they stand, in the order in which they are taken.
const NETWORK: [&str; 4] = ["state_dict", "model_state_dict", "model_state", "model"];
/// Names that are the network only where no other dictionary has tensors: they may be one part among several.
const PERHAPS: [&str; 6] = ["module", "net", "network", "weights", "params", "parameters"];

/// What is taken and what is not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    pub root: Option<String>,
    /// The paths of the tensors under the root.
    pub paths: Vec<String>,
    pub skipped: Vec<Skipped>,
    /// A path that two tensors have.
    pub twice: Option<String>,
}

/// Chooses. `object` says that the root is an object (a pickled module) and not a dictionary of dictionaries.
pub(crate) fn choose(tree: &PickleValue, object: bool) -> Choice {
    let PickleValue::Dict(top) = tree else { return Choice::default() };
    let mut keys: Vec<&String> = top.keys().collect();
    keys.sort_by(|a, b| natural_order(a, b));
    let mut choice = Choice { root: if object { None } else { root(top) }, ..Choice::default() };
    let mut seen = BTreeSet::new();
    for key in keys {
        let value = &top[key];
        let mut walk = Walk { choice: &mut choice, seen: &mut seen };
        match walk.choice.root.clone() {
            Some(root) if root == *key => walk.visit(value, ""),
            Some(root) => {
                let reason = leave(key, value).unwrap_or_else(|| match tensors(value) {
                    0 => what(value),
                    n => format!("outside `{root}`: {n} tensors"),
                });
                walk.skip(key, reason);
            }
            None => match leave(key, value).filter(|_| !object) {
                Some(reason) => walk.skip(key, reason),
                None => walk.visit(value, key),
            },
        }
    }
    choice
}

/// The dictionary that holds the network.
fn root(top: &HashMap<String, PickleValue>) -> Option<String> {
    let dictionary = |key: &&str| matches!(top.get(*key), Some(v @ PickleValue::Dict(_)) if tensors(v) > 0);
    let holders = top.iter().filter(|(k, v)| leave(k, v).is_none() && tensors(v) > 0).count();
    let sure = NETWORK.iter().find(|k| dictionary(k));
    let perhaps = || PERHAPS.iter().find(|k| holders == 1 && dictionary(k));
    sure.or_else(perhaps).map(|k| (*k).to_owned())
}

/// Why an entry is no part of the network, where its name or form says so.
fn leave(key: &str, value: &PickleValue) -> Option<String> {
    let lower = key.to_ascii_lowercase();
    let name = matches!(lower.as_str(), "optim" | "optims" | "opt") || lower.contains("optimizer");
    match value {
        PickleValue::Dict(_) | PickleValue::List(_) if name => Some(optimizer(value)),
        _ => by_form(value),
    }
}

/// `state_dict()` of any of PyTorch's optimizers.
fn by_form(value: &PickleValue) -> Option<String> {
    let form = matches!(value, PickleValue::Dict(d) if d.contains_key("param_groups") && d.contains_key("state"));
    form.then(|| optimizer(value))
}

fn optimizer(value: &PickleValue) -> String {
    format!("optimizer state: {} tensors", tensors(value))
}

fn tensors(value: &PickleValue) -> usize {
    match value {
        PickleValue::Unsupported(name) => usize::from(name == TENSOR),
        PickleValue::List(items) => items.iter().map(tensors).sum(),
        PickleValue::Dict(items) => items.values().map(tensors).sum(),
        _ => 0,
    }
}

/// A value that is no tensor, in words.
fn what(value: &PickleValue) -> String {
    match value {
        PickleValue::None => "not a tensor (None)".into(),
        PickleValue::Bool(b) => format!("not a tensor ({b})"),
        PickleValue::Int(i) => format!("not a tensor ({i})"),
        PickleValue::Float(x) => format!("not a tensor ({x})"),
        PickleValue::String(s) => format!("not a tensor (\"{}\")", clip(s)),
        PickleValue::Bytes(b) => format!("not a tensor ({} bytes)", b.len()),
        PickleValue::List(l) => format!("no tensors ({} items)", l.len()),
        PickleValue::Dict(d) => format!("no tensors ({} keys)", d.len()),
        PickleValue::Unsupported(name) => format!("a Python object of {}, which is never built", clip(name)),
    }
}

struct Walk<'a> {
    choice: &'a mut Choice,
    seen: &'a mut BTreeSet<String>,
}

impl Walk<'_> {
    fn skip(&mut self, name: &str, reason: String) {
        self.choice.skipped.push(Skipped { name: clip(name), reason });
    }

    fn visit(&mut self, value: &PickleValue, path: &str) {
        let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        match value {
            PickleValue::Unsupported(name) if name == TENSOR => {
                if self.seen.insert(path.to_owned()) {
                    self.choice.paths.push(path.to_owned());
                } else {
                    self.choice.twice.get_or_insert_with(|| path.to_owned());
                }
            }
            // What a state dict says of its modules' versions.
            PickleValue::Dict(_) if path == "_metadata" || path.ends_with("._metadata") => {}
            _ if tensors(value) == 0 => self.skip(path, what(value)),
            PickleValue::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.visit(item, &below(&index.to_string()));
                }
            }
            PickleValue::Dict(items) => {
                let mut keys: Vec<&String> = items.keys().collect();
                keys.sort_by(|a, b| natural_order(a, b));
                for key in keys {
                    let value = &items[key];
                    match by_form(value) {
                        Some(reason) => self.skip(&below(key), reason),
                        None => self.visit(value, &below(key)),
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
#[path = "pytorch_tree_tests.rs"]
mod tests;
