//! PyTorch files that are wrong or hostile, one test for each way.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{dict_pickle, error, exhaust, file, fixture, tensor_pickle, torch_file, zip_file};
use spectrum_checkpoint::{Checkpoint, CheckpointError as E};

fn fixture_error(name: &str) -> E {
    exhaust(&fixture(name)).expect_err("a bad file")
}

#[test]
fn a_sound_file() {
    let w = tensor_pickle(4, &[2, 2], &[2, 1]);
    let (_dir, path) = file(&torch_file(&dict_pickle(&[("w", &w)]), &[("0", &[7; 16])]));
    let checkpoint = Checkpoint::open(&path).unwrap();
    assert_eq!(checkpoint.read("w", |t| t.bytes.to_vec()).unwrap(), [7; 16]);
}

#[test]
fn os_system_as_the_root() {
    let error = fixture_error("evil_root.pth");
    assert!(matches!(&error, E::NoTensors { imports, .. } if imports == &["posix.system"]), "{error}");
    assert!(error.to_string().contains("none of it was executed"), "{error}");
}

#[test]
fn plain_pickles_that_import_anything() {
    let dir = tempfile::tempdir().unwrap();
    let trace = dir.path().join("executed");
    let trace = trace.to_str().unwrap();
    let pickles = [
        // Protocol 0, as attacks are usually written by hand.
        ("os.system", format!("cos\nsystem\n(S'touch {trace}'\ntR.").into_bytes()),
        ("builtins.eval", [&b"\x80\x02cbuiltins\neval\nX"[..], &[4, 0, 0, 0], b"1+1.\x85R."].concat()),
        // Protocol 4: the import's name is on the stack.
        ("posix.system", b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.".to_vec()),
        ("subprocess.Popen", b"\x80\x03csubprocess\nPopen\n)\x81}b.".to_vec()),
        // The import is dropped again before the end.
        ("os.abort", b"\x80\x02cos\nabort\n)R0}.".to_vec()),
        // Opcodes of Python 1.
        ("os.system", format!("(S'touch {trace}'\nios\nsystem\n.").into_bytes()),
    ];
    for (import, pickle) in pickles {
        let error = error(&pickle);
        assert!(error.to_string().contains(import), "{import}: {error}");
    }
    assert!(!std::path::Path::new(trace).exists());
}

#[test]
fn calls_beside_the_weights_are_named() {
    let w = tensor_pickle(1, &[1], &[1]);
    let eval = b"cbuiltins\neval\nX\x03\0\0\x001+1\x85R";
    let pickle = dict_pickle(&[("x", eval), ("w", &w)]);
    let (_dir, path) = file(&torch_file(&pickle, &[("0", &[0; 4])]));
    let checkpoint = Checkpoint::open(&path).unwrap();
    let names: Vec<&str> = checkpoint.skipped().iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["x", "builtins.eval"]);
}

#[test]
fn an_import_that_is_dropped_from_the_stack_is_still_named() {
    let w = [b"cos\nabort\n0".to_vec(), tensor_pickle(1, &[1], &[1])].concat();
    let (_dir, path) = file(&torch_file(&dict_pickle(&[("w", &w)]), &[("0", &[0; 4])]));
    assert!(Checkpoint::open(&path).unwrap().skipped().iter().any(|s| s.name == "os.abort"));
}

#[test]
fn weights_that_hang_on_an_import() {
    let error = fixture_error("behind_import.pth");
    assert!(matches!(&error, E::WeightsBehindImport { import, .. } if import == "__main__.Holder"), "{error}");
}

#[test]
fn tensors_of_unknown_types() {
    let error = fixture_error("complex.pth");
    assert!(
        matches!(&error, E::WeightsBehindImport { import, .. } if import == "torch.ComplexFloatStorage"),
        "{error}"
    );
}

#[test]
fn a_tensor_without_a_name_and_no_tensor_at_all() {
    let error = fixture_error("bare_tensor.pth");
    assert!(matches!(&error, E::NoTensors { found, .. } if found == "one bare tensor at the root"), "{error}");
    let error = fixture_error("no_tensors.pth");
    assert!(matches!(&error, E::NoTensors { found, .. } if found.contains("epoch, names")), "{error}");
}

#[test]
fn a_view_that_repeats_its_storage_beyond_the_file() {
    let error = fixture_error("expanded.pth");
    assert!(matches!(&error, E::Claim { claimed, .. } if claimed == "4194304"), "{error}");
    // Not even where the numbers are as large as they can be.
    let w = tensor_pickle(1, &[i32::MAX as u32, i32::MAX as u32], &[0, 0]);
    let error = common::error(&torch_file(&dict_pickle(&[("w", &w)]), &[("0", &[0; 4])]));
    assert!(matches!(error, E::Reader { .. }), "{error}");
}

#[test]
fn a_storage_that_is_shorter_than_declared_or_missing() {
    let w = tensor_pickle(4, &[2, 2], &[2, 1]);
    let pickle = dict_pickle(&[("w", &w)]);
    let short = error(&torch_file(&pickle, &[("0", &[0; 12])]));
    assert!(matches!(&short, E::Reader { what, .. } if what == "tensor `w`"), "{short}");
    let missing = error(&torch_file(&pickle, &[]));
    assert!(matches!(&missing, E::Reader { what, .. } if what == "tensor `w`"), "{missing}");
}

#[test]
fn a_tensor_outside_its_storage() {
    let w = tensor_pickle(4, &[2, 2], &[100, 1]);
    let error = error(&torch_file(&dict_pickle(&[("w", &w)]), &[("0", &[0; 16])]));
    assert!(matches!(error, E::Reader { .. }), "{error}");
}

#[test]
fn a_broken_checksum() {
    let w = tensor_pickle(4, &[2, 2], &[2, 1]);
    let mut bytes = torch_file(&dict_pickle(&[("w", &w)]), &[("0", &[7; 16])]);
    let at = bytes.windows(16).position(|w| w == [7; 16]).unwrap();
    bytes[at] = 8;
    let error = error(&bytes);
    assert!(error.to_string().contains("checksum"), "{error}");
}

#[test]
fn two_tensors_of_one_path() {
    let w = tensor_pickle(1, &[1], &[1]);
    let inner = [&b"}"[..], &common::key("b"), &w, b"s"].concat();
    let error = error(&torch_file(&dict_pickle(&[("a", &inner), ("a.b", &w)]), &[("0", &[0; 4])]));
    assert!(matches!(&error, E::DuplicateName { name, .. } if name == "a.b"), "{error}");
}

#[test]
fn big_endian_files() {
    let w = dict_pickle(&[("w", &tensor_pickle(1, &[1], &[1]))]);
    let entries = [("m/data.pkl", w.as_slice()), ("m/byteorder", b"big"), ("m/data/0", &[0; 4])];
    let error = error(&zip_file(&entries, false));
    assert!(matches!(error, E::BigEndian { .. }), "{error}");
    // The legacy files say it in their third pickle.
    let mut legacy = std::fs::read(fixture("pnet.pt")).unwrap();
    let key = legacy.windows(13).position(|w| w == b"little_endian").unwrap();
    // The key, its memo (q and a byte), then True.
    let flag = key + 13 + legacy[key + 13..].iter().position(|&b| b == 0x88).unwrap();
    legacy[flag] = 0x89;
    let error = common::error(&legacy);
    assert!(matches!(error, E::BigEndian { .. }), "{error}");
}

#[test]
fn two_pickles_equally_near_the_root() {
    let error = error(&zip_file(&[("a/data.pkl", b"}."), ("b/data.pkl", b"}.")], false));
    assert!(matches!(&error, E::Zip { found, .. } if found.contains("a second one")), "{error}");
}

#[test]
fn a_pickle_that_breaks_off_says_where() {
    let error = error(&torch_file(b"\x80\x02}X\xff\0\0\0w", &[]));
    assert!(matches!(&error, E::Malformed { what, byte: 3, .. } if what == "model/data.pkl pickle"), "{error}");
}

#[test]
fn a_tar_of_old_pytorch_is_refused_by_name() {
    let mut bytes = vec![0; 1024];
    bytes[257..262].copy_from_slice(b"ustar");
    let error = error(&bytes);
    assert!(matches!(&error, E::Unsupported { found, .. } if found.contains("tar")), "{error}");
}

#[test]
fn nesting_without_end() {
    let deep = [&b"\x80\x02]"[..], &vec![0x85; 100_000], b"."].concat();
    let error = error(&torch_file(&deep, &[]));
    assert!(matches!(&error, E::Malformed { found, .. } if found.contains("nested 201 deep")), "{error}");
}

#[test]
fn a_sparse_directory_entry() {
    // The directory claims that the stored pickle is longer than the file.
    let mut bytes = torch_file(b"}.", &[]);
    let at = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    bytes[at + 20..at + 28].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f]);
    let error = error(&bytes);
    assert!(matches!(error, E::Truncated { .. }), "{error}");
}

#[test]
fn a_compressed_checkpoint_is_read() {
    // Nobody writes one, but repacking a zip makes one.
    let w = dict_pickle(&[("w", &tensor_pickle(4, &[2, 2], &[1, 2]))]);
    let data: Vec<u8> = [1f32, 2., 3., 4.].iter().flat_map(|x| x.to_le_bytes()).collect();
    let (_dir, path) = file(&zip_file(&[("m/data.pkl", &w), ("m/data/0", &data)], true));
    let found = Checkpoint::open(&path).unwrap().read("w", common::values).unwrap();
    assert_eq!(found, [1., 3., 2., 4.]);
}
