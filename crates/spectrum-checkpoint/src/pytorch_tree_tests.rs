use super::*;

fn tensor() -> PickleValue {
    PickleValue::Unsupported(TENSOR.into())
}

fn dict(items: &[(&str, PickleValue)]) -> PickleValue {
    PickleValue::Dict(items.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect())
}

fn chosen(tree: &PickleValue) -> (Option<String>, Vec<String>) {
    let choice = choose(tree, false);
    (choice.root, choice.paths)
}

#[test]
fn known_dictionaries_are_the_root() {
    for name in ["state_dict", "model_state", "model_state_dict", "model", "module", "net"] {
        let tree = dict(&[(name, dict(&[("w", tensor())])), ("epoch", PickleValue::Int(1))]);
        assert_eq!(chosen(&tree), (Some(name.into()), vec!["w".into()]), "{name}");
    }
}

#[test]
fn the_more_complete_name_wins_and_the_other_is_named() {
    let part = || dict(&[("w", tensor())]);
    let choice = choose(&dict(&[("model", part()), ("state_dict", part())]), false);
    assert_eq!(choice.root.as_deref(), Some("state_dict"));
    assert_eq!(choice.skipped, [Skipped { name: "model".into(), reason: "outside `state_dict`: 1 tensors".into() }]);
}

#[test]
fn one_part_among_several_is_not_the_root() {
    let part = || dict(&[("w", tensor())]);
    let tree = dict(&[("net", part()), ("head", part())]);
    assert_eq!(chosen(&tree), (None, vec!["head.w".into(), "net.w".into()]));
    // Optimizer state is no part.
    let adam = dict(&[("state", part()), ("param_groups", PickleValue::List(vec![]))]);
    let tree = dict(&[("net", part()), ("whatever", adam)]);
    assert_eq!(chosen(&tree), (Some("net".into()), vec!["w".into()]));
}

#[test]
fn a_name_without_tensors_is_not_the_root() {
    let tree = dict(&[("model", PickleValue::String("resnet18".into())), ("w", tensor())]);
    assert_eq!(chosen(&tree), (None, vec!["w".into()]));
    let tree = dict(&[("model", dict(&[])), ("net", dict(&[("w", tensor())]))]);
    assert_eq!(chosen(&tree), (Some("net".into()), vec!["w".into()]));
}

#[test]
fn lists_are_numbered_and_metadata_is_silent() {
    let list = PickleValue::List(vec![tensor(), PickleValue::Int(3), tensor()]);
    let metadata = dict(&[("", dict(&[("version", PickleValue::Int(1))]))]);
    let choice = choose(&dict(&[("ws", list), ("_metadata", metadata)]), false);
    assert_eq!(choice.paths, ["ws.0", "ws.2"]);
    assert_eq!(choice.skipped, [Skipped { name: "ws.1".into(), reason: "not a tensor (3)".into() }]);
}

#[test]
fn a_pickled_module_is_taken_whole() {
    let tree = dict(&[("model", dict(&[("w", tensor())])), ("optimizer_head", dict(&[("w", tensor())]))]);
    let choice = choose(&tree, true);
    assert_eq!((choice.root, choice.paths), (None, vec!["model.w".into(), "optimizer_head.w".into()]));
}

#[test]
fn two_tensors_of_one_path() {
    let tree = dict(&[("a.b", tensor()), ("a", dict(&[("b", tensor())]))]);
    assert_eq!(choose(&tree, false).twice.as_deref(), Some("a.b"));
}
