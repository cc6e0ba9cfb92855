//! Files that torch and numpy wrote, against the values that torch and numpy read from them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{expected, fixture, values};
use spectrum_checkpoint::{Checkpoint, Container, Dtype};

/// Every tensor of the file, in any order, with its recorded shape, type, sum and values.
fn agrees(name: &str) -> Checkpoint {
    let checkpoint = Checkpoint::open(&fixture(name)).unwrap_or_else(|e| panic!("{e}"));
    let expected = &expected()[name];
    let expected = expected.as_object().unwrap_or_else(|| panic!("nothing recorded for {name}"));
    let mut names: Vec<&str> = checkpoint.tensors().iter().map(|t| t.name.as_str()).collect();
    names.sort_unstable();
    let mut wanted: Vec<&str> = expected.keys().map(String::as_str).collect();
    wanted.sort_unstable();
    assert_eq!(names, wanted, "{name}");
    for info in checkpoint.tensors() {
        let row = &expected[&info.name];
        let shape: Vec<usize> = serde_json::from_value(row["shape"].clone()).unwrap();
        assert_eq!(info.shape, shape, "{name} {}", info.name);
        let dtype = row["dtype"].as_str().unwrap();
        let wanted = match dtype {
            "float16" => Dtype::F16,
            "bfloat16" => Dtype::Bf16,
            "float32" | ">f4" => Dtype::F32,
            "float64" | ">f8" => Dtype::F64,
            other => {
                assert!(matches!(&info.dtype, Dtype::Other(_)), "{name} {} {other}", info.name);
                continue;
            }
        };
        assert_eq!(info.dtype, wanted, "{name} {}", info.name);
        let found = checkpoint.read(&info.name, values).unwrap_or_else(|e| panic!("{e}"));
        let number = |v: &serde_json::Value| v.as_str().unwrap().parse::<f64>().unwrap();
        let first: Vec<f64> = row["values"].as_array().unwrap().iter().map(number).collect();
        assert_eq!(found[..first.len()], first, "{name} {}", info.name);
        let sum: f64 = found.iter().sum();
        let recorded = number(&row["sum"]);
        let scale: f64 = found.iter().map(|x| x.abs()).sum();
        assert!((sum - recorded).abs() <= 1e-12 * scale, "{name} {}: sum {sum}, recorded {recorded}", info.name);
        // Again after the pages are gone: the same.
        checkpoint.release(&info.name);
        assert_eq!(checkpoint.read(&info.name, values).unwrap(), found);
    }
    checkpoint
}

fn skipped(checkpoint: &Checkpoint) -> Vec<String> {
    checkpoint.skipped().iter().map(|s| format!("{}: {}", s.name, s.reason)).collect()
}

#[test]
fn silero_safetensors() {
    let checkpoint = agrees("silero_vad_16k.safetensors");
    assert_eq!(checkpoint.container(), Container::Safetensors);
    assert_eq!(checkpoint.tensors().len(), 15);
    assert_eq!(checkpoint.tensor("lstm_cell.weight_ih").unwrap().shape, [512, 128]);
    assert_eq!(checkpoint.file_bytes(), 1_239_748);
    // The reference implementation reads the same bytes.
    let raw = std::fs::read(fixture("silero_vad_16k.safetensors")).unwrap();
    let reference = safetensors::SafeTensors::deserialize(&raw).unwrap();
    for (name, view) in reference.tensors() {
        assert!(checkpoint.read(&name, |t| t.bytes == view.data() && t.shape == view.shape()).unwrap(), "{name}");
    }
}

#[test]
fn a_small_safetensors_file() {
    let checkpoint = agrees("small.safetensors");
    // Sound to the reference implementation too.
    let raw = std::fs::read(fixture("small.safetensors")).unwrap();
    assert_eq!(safetensors::SafeTensors::deserialize(&raw).unwrap().len(), checkpoint.tensors().len());
}

#[test]
fn a_zip_without_checksums() {
    agrees("no_checksums.pth");
}

#[test]
fn facenet_legacy() {
    let checkpoint = agrees("pnet.pt");
    assert_eq!(checkpoint.container(), Container::PytorchLegacy);
    assert_eq!(checkpoint.tensor("conv1.weight").unwrap().shape, [10, 3, 3, 3]);
    assert!(checkpoint.skipped().is_empty(), "{:?}", checkpoint.skipped());
}

#[test]
fn lpips_legacy() {
    assert_eq!(agrees("alex.pth").container(), Container::PytorchLegacy);
}

#[test]
fn nested_zip_with_strides_shared_storages_and_optimizer_state() {
    let checkpoint = agrees("nested.pth");
    assert_eq!(checkpoint.container(), Container::PytorchZip);
    assert_eq!(checkpoint.root(), Some("state_dict"));
    let names: Vec<&str> = checkpoint.tensors().iter().map(|t| t.name.as_str()).collect();
    let at = |n: &str| names.iter().position(|m| *m == n);
    assert!(at("layers.2.weight") < at("layers.10.weight"), "{names:?}");
    assert_eq!(
        skipped(&checkpoint),
        [
            "args: a Python object of argparse.Namespace, which is never built",
            "epoch: not a tensor (3)",
            // Adam: step, exp_avg and exp_avg_sq of a weight and a bias.
            "optimizer: optimizer state: 6 tensors",
            "argparse.Namespace: imported by the pickle; named here, never executed",
        ]
    );
}

#[test]
fn legacy_with_model_state() {
    let checkpoint = agrees("legacy.pt");
    assert_eq!((checkpoint.container(), checkpoint.root()), (Container::PytorchLegacy, Some("model_state")));
    assert!(skipped(&checkpoint).contains(&"optimizer: optimizer state: 6 tensors".to_owned()));
}

#[test]
fn bare_dictionary() {
    let checkpoint = agrees("bare.pth");
    assert_eq!(checkpoint.root(), None);
    assert!(checkpoint.skipped().is_empty());
}

#[test]
fn lightning() {
    let checkpoint = agrees("lightning.ckpt");
    assert_eq!(checkpoint.root(), Some("state_dict"));
    let names: Vec<&str> = checkpoint.skipped().iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["hyper_parameters", "optimizer_states"]);
}

#[test]
fn a_pickled_module_is_read_as_its_state_dict() {
    // Its submodule `net` is a part of it and not its root.
    let checkpoint = agrees("module.pth");
    assert_eq!(checkpoint.root(), None);
    assert!(skipped(&checkpoint).iter().any(|s| s.starts_with("__main__.Net: imported")), "{:?}", skipped(&checkpoint));
}

#[test]
fn a_call_beside_the_weights_is_named_and_not_made() {
    let checkpoint = agrees("evil_beside.pth");
    assert_eq!(checkpoint.root(), Some("model"));
    let left = skipped(&checkpoint);
    let system = if cfg!(windows) { "nt.system" } else { "posix.system" };
    assert!(left.contains(&format!("evil: a Python object of {system}, which is never built")), "{left:?}");
    assert!(left.contains(&format!("{system}: imported by the pickle; named here, never executed")), "{left:?}");
    assert!(!std::path::Path::new("spectrum-checkpoint-was-here").exists());
}

#[test]
fn numpy_archives() {
    for (name, packed) in [("stored.npz", false), ("deflated.npz", true)] {
        let checkpoint = agrees(name);
        assert_eq!(checkpoint.container(), Container::Npz);
        // The order of saving.
        assert_eq!(checkpoint.tensors()[0].name, "layer/0/w");
        assert_eq!(checkpoint.tensors()[1].name, "fortran");
        assert_eq!(packed, name == "deflated.npz");
    }
    let objects = agrees("objects.npz");
    assert_eq!(skipped(&objects), ["names: an array of pickled objects, which are never unpickled"]);
}

#[test]
fn numpy_arrays() {
    assert_eq!(agrees("plain.npy").container(), Container::Npy);
    agrees("big_fortran.npy");
    let structured = Checkpoint::open(&fixture("structured.npy")).unwrap();
    assert_eq!(structured.tensors()[0].bytes, 2 * (4 + 16));
    assert!(matches!(&structured.tensors()[0].dtype, Dtype::Other(name) if name.starts_with("[('a'")));
}

/// make_fixtures.py writes these dictionaries in this order, which is not that of the names.
#[test]
fn the_order_of_saving_is_kept_where_there_is_one() {
    let state = [
        "layers.0.weight",
        "layers.2.weight",
        "layers.10.weight",
        "double.weight",
        "transposed.weight",
        "shared.rows",
        "shared.column",
        "repeated",
        "scalar",
        "empty",
        "counter",
    ];
    let bare = ["a.weight", "a.bias", "model.0"];
    let files: [(&str, &[&str]); 5] = [
        ("nested.pth", &state),
        ("legacy.pt", &state),
        ("bare.pth", &bare),
        ("lightning.ckpt", &bare),
        ("evil_beside.pth", &bare),
    ];
    for (name, expected) in files {
        let checkpoint = Checkpoint::open(&fixture(name)).unwrap();
        assert_eq!(checkpoint.saved_order().unwrap(), expected, "{name}");
    }
    for name in ["module.pth", "small.safetensors", "two.bpk"] {
        assert_eq!(Checkpoint::open(&fixture(name)).unwrap().saved_order(), None, "{name}");
    }
    let npz = Checkpoint::open(&fixture("stored.npz")).unwrap();
    let names: Vec<&str> = npz.tensors().iter().map(|t| t.name.as_str()).collect();
    assert_eq!(npz.saved_order().unwrap(), names);
}
