//! The `[sweep]` table: order, values, and each way it can be wrong.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use proptest::prelude::*;
use spectrum_experiment::sweep::Grid;
use toml::Value;

fn grid(text: &str) -> Result<Grid, String> {
    Grid::parse(Path::new("a.toml"), text).map_err(|e| {
        assert!(e.is_input());
        e.to_string()
    })
}

fn labels(text: &str) -> Vec<String> {
    let grid = grid(text).unwrap();
    (0..grid.len()).map(|i| grid.label(i)).collect()
}

#[test]
fn points_follow_the_files_keys_with_the_seed_innermost() {
    let text = "name = \"x\"\n[sweep]\nseed = [7, 3]\n\"optimizer.lr\" = [1.0, 0.1]\n\"data.noise\" = [0.5]\n";
    let expected = [
        "optimizer.lr = 1.0, data.noise = 0.5, seed = 7",
        "optimizer.lr = 1.0, data.noise = 0.5, seed = 3",
        "optimizer.lr = 0.1, data.noise = 0.5, seed = 7",
        "optimizer.lr = 0.1, data.noise = 0.5, seed = 3",
    ];
    assert_eq!(labels(text), expected);
}

#[test]
fn quoted_dotted_and_nested_keys_are_one_thing() {
    let quoted = "[sweep]\n\"optimizer.lr\" = [1, 2]\n\"data.n\" = [3]\n";
    let dotted = "[sweep]\noptimizer.lr = [1, 2]\ndata.n = [3]\n";
    let nested = "[sweep.optimizer]\nlr = [1, 2]\n[sweep.data]\nn = [3]\n";
    let inline = "[sweep]\noptimizer = { lr = [1, 2] }\ndata = { n = [3] }\n";
    for text in [dotted, nested, inline] {
        assert_eq!(labels(text), labels(quoted), "{text}");
    }
    assert_eq!(labels(quoted), ["optimizer.lr = 1, data.n = 3", "optimizer.lr = 2, data.n = 3"]);
}

/// Not the alphabet's order, across tables: a key's own place in the file decides.
#[test]
fn order_is_that_of_the_file_across_tables() {
    let text = "[sweep.training]\nsteps = [1]\n[sweep.data]\nn = [1]\nd = [1]\n[sweep]\n\"model.width\" = [1]\n";
    assert_eq!(labels(text), ["training.steps = 1, data.n = 1, data.d = 1, model.width = 1"]);
}

#[test]
fn values_may_be_lists_and_tables() {
    let text = "[sweep]\noptimizer = [{ kind = \"sgd\", lr = 0.1 }, { kind = \"adam\", lr = 0.001 }]\n\
                \"model.hidden\" = [[64], [64, 64]]\n";
    let grid = grid(text).unwrap();
    assert_eq!(grid.len(), 4);
    let point = grid.point(3).unwrap();
    assert_eq!(point.config, Path::new("a.toml"));
    assert_eq!(point.sets[0].1.get("kind"), Some(&Value::from("adam")));
    assert_eq!(point.sets[1], ("model.hidden".to_owned(), Value::from(vec![64, 64])));
    assert_eq!(grid.point(4), None);
}

#[test]
fn every_fault_names_the_file_and_the_key() {
    let many = format!("[sweep]\na = {0:?}\nb = {0:?}\nseed = {0:?}\n", (0..50).collect::<Vec<_>>());
    for (text, expected) in [
        ("name = \"x\"\n", "a.toml: sweep: is missing: a sweep needs a table of lists, such as `seed = [0, 1, 2]`"),
        ("sweep = 3\n", "a.toml: sweep: is no table"),
        ("[sweep]\n", "a.toml: sweep: has no keys: expected lists, such as `seed = [0, 1, 2]`"),
        ("[sweep]\nseed = []\n", "a.toml: sweep.seed: the list is empty"),
        ("[sweep]\noptimizer.lr = 0.1\n", "a.toml: sweep.optimizer.lr: is 0.1; expected a list, such as `[0.1]`"),
        ("[sweep]\nseed = [0, 1, 0]\n", "a.toml: sweep.seed: 0 stands twice"),
        ("[sweep]\n\"optimizer.lr\" = [1.0, 1]\n", "a.toml: sweep.optimizer.lr: 1 stands twice"),
        ("[sweep]\n\"a.b\" = [1]\na.b = [2]\n", "a.toml: sweep.a.b: stands twice"),
        ("[sweep]\n\"a.b\" = [1]\na.b.c = [2]\n", "sets a part of what `a.b` sets, or the whole of it"),
        ("[sweep]\n\"a..b\" = [1]\n", "a.toml: sweep.a..b: a part of the key is empty"),
        ("[sweep.optimizer]\n", "a.toml: sweep.optimizer: the table has no keys"),
        ("[sweep]\nseed = [0\n", "a.toml: line "),
        (many.as_str(), "a.toml: sweep: 50 x 50 x 50 = 125000 points; at most 100000 are run"),
        (
            "[sweep]\nseed = [0]\n[sweep.options]\nmetric = []\n",
            "a.toml: sweep.options.metric: unknown key; expected `metrics`",
        ),
        ("[sweep]\nseed = [0]\n[sweep.options]\nmetrics = 3\n", "a.toml: sweep.options.metrics: is 3; expected names"),
    ] {
        let found = grid(text).unwrap_err();
        assert!(found.contains(expected), "{text}\n{found}\n{expected}");
    }
}

#[test]
fn keys_set_beside_come_first_and_may_not_be_swept() {
    let swept = grid("[sweep]\n\"optimizer.lr\" = [1, 2]\n").unwrap();
    let set = |key: &str| swept.clone().with_sets(vec![(key.to_owned(), Value::from("ndarray"))]);
    assert_eq!(set("backend").unwrap().point(1).unwrap().sets[0].0, "backend");
    for key in ["optimizer.lr", "optimizer", "optimizer.lr.x"] {
        let expected = format!("a.toml: {key}: `optimizer.lr` is swept and cannot be set beside");
        assert_eq!(set(key).unwrap_err().to_string(), expected);
    }
}

#[test]
fn slurm_options_are_read_and_refused() {
    let options = |slurm: &str| {
        let text = format!("[sweep]\nseed = [0]\n[slurm]\n{slurm}");
        grid(&text).unwrap().slurm_options().map_err(|e| e.to_string())
    };
    let read = options("partition = \"gpu\"\ntime = 30\ngpus = \"a100:2\"\nsbatch = [\"--account=x\"]\n").unwrap();
    assert_eq!(read.time.as_deref(), Some("30"));
    assert_eq!(read.gpus.as_deref(), Some("a100:2"));
    assert!(options("partitions = \"gpu\"\n").unwrap_err().starts_with("a.toml: slurm.partitions: unknown field"));
    let why = options("partition = \"gpu\"\ntime = 1.5\n").unwrap_err();
    assert!(why.starts_with("a.toml: slurm.time: expected a word or a whole number"), "{why}");
}

proptest! {
    /// Point i holds the digits of i in the mixed radix of the lists' lengths: all points differ, none is left out.
    #[test]
    fn the_product_is_complete(sizes in proptest::collection::vec(1usize..5, 1..5)) {
        let lists = sizes.iter().enumerate().map(|(k, n)| format!("k{k} = {:?}\n", (0..*n).collect::<Vec<_>>()));
        let grid = grid(&format!("[sweep]\n{}", lists.collect::<String>())).unwrap();
        prop_assert_eq!(grid.len(), sizes.iter().product::<usize>());
        for i in 0..grid.len() {
            let values = grid.values(i).unwrap();
            let index = values.iter().zip(&sizes).fold(0, |at, ((_, v), n)| at * n + v.as_integer().unwrap() as usize);
            prop_assert_eq!(index, i);
        }
    }
}
