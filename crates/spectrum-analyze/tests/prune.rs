//! Pruned checkpoints, read back by another reader than ours.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use spectrum_analyze::{AnalyzeError, Part, PruneRequest, Pruned, prune};
use spectrum_checkpoint::Checkpoint;
use tempfile::TempDir;

/// Type, shape and bytes by name.
type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

fn bytes(dtype: Dtype, values: &[f64]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|x| match dtype {
            Dtype::F16 => half::f16::from_f64(*x).to_le_bytes().to_vec(),
            Dtype::BF16 => half::bf16::from_f64(*x).to_le_bytes().to_vec(),
            Dtype::F32 => (*x as f32).to_le_bytes().to_vec(),
            Dtype::F64 => x.to_le_bytes().to_vec(),
            Dtype::I64 => (*x as i64).to_le_bytes().to_vec(),
            _ => panic!("{dtype:?}"),
        })
        .collect()
}

fn floats((dtype, _, bytes): &(Dtype, Vec<usize>, Vec<u8>)) -> Vec<f64> {
    match dtype {
        Dtype::F16 => bytes.as_chunks().0.iter().map(|b| half::f16::from_le_bytes(*b).to_f64()).collect(),
        Dtype::BF16 => bytes.as_chunks().0.iter().map(|b| half::bf16::from_le_bytes(*b).to_f64()).collect(),
        Dtype::F32 => bytes.as_chunks().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect(),
        Dtype::F64 => bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect(),
        _ => panic!("{dtype:?}"),
    }
}

/// Numbers in [-1, 1).
fn noise(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 * 2f64.powi(-52) - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn tensor(dtype: Dtype, shape: &[usize], values: &[f64]) -> (Dtype, Vec<usize>, Vec<u8>) {
    (dtype, shape.to_vec(), bytes(dtype, values))
}

fn noisy(dtype: Dtype, shape: &[usize], seed: u64) -> (Dtype, Vec<usize>, Vec<u8>) {
    tensor(dtype, shape, &noise(shape.iter().product(), seed))
}

fn save(path: &Path, tensors: &Tensors) {
    let views = tensors.iter().map(|(name, (d, s, b))| (name, TensorView::new(*d, s.clone(), b).unwrap()));
    serialize_to_file(views, None, path).unwrap();
}

fn load(path: &Path) -> Tensors {
    let file = fs::read(path).unwrap();
    let all = SafeTensors::deserialize(&file).unwrap();
    let one = |(name, t): (String, TensorView<'_>)| (name, (t.dtype(), t.shape().to_vec(), t.data().to_vec()));
    all.tensors().into_iter().map(one).collect()
}

struct Bench {
    dir: TempDir,
}

impl Bench {
    fn new(tensors: &Tensors) -> Self {
        let bench = Self { dir: tempfile::tempdir().unwrap() };
        save(&bench.file(), tensors);
        bench
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("net.safetensors")
    }

    fn request(&self, part: Part, fraction: f64) -> PruneRequest {
        PruneRequest {
            path: self.file(),
            part,
            fraction,
            layers: Vec::new(),
            last: None,
            out: Some(self.dir.path().join("pruned.safetensors")),
            force: true,
        }
    }

    fn pruned(&self, request: &PruneRequest) -> (Pruned, Tensors) {
        let done = prune(request, &mut |_| {}).unwrap();
        let tensors = load(&done.file);
        (done, tensors)
    }

    /// The error, which must leave the folder as it was.
    fn refused(&self, request: &PruneRequest) -> String {
        let list = || {
            let all = fs::read_dir(self.dir.path()).unwrap().map(|e| e.unwrap().path());
            all.map(|p| (fs::read(&p).unwrap(), p)).map(|(b, p)| (p, b)).collect::<BTreeMap<_, _>>()
        };
        let before = list();
        let e = prune(request, &mut |_| {}).unwrap_err();
        assert!(e.is_input(), "{e}");
        assert_eq!(before, list());
        e.to_string()
    }
}

/// A small network in every type: `d.last` comes last.
fn network() -> Tensors {
    BTreeMap::from([
        ("a.conv.weight".into(), noisy(Dtype::F64, &[6, 3, 2, 2], 1)),
        ("a.norm.num_batches_tracked".into(), tensor(Dtype::I64, &[], &[7.0])),
        ("a.norm.weight".into(), noisy(Dtype::BF16, &[6], 2)),
        ("b.deconv.weight".into(), noisy(Dtype::F64, &[4, 5, 3, 3], 3)),
        ("c.bf16.weight".into(), noisy(Dtype::BF16, &[8, 6], 4)),
        ("c.embedding.weight".into(), noisy(Dtype::F64, &[30, 7], 5)),
        ("c.f16.weight".into(), noisy(Dtype::F16, &[6, 8], 6)),
        ("c.f32.weight".into(), noisy(Dtype::F32, &[9, 9], 7)),
        ("d.last.weight".into(), noisy(Dtype::F32, &[4, 9], 8)),
    ])
}

/// Acceptance test 6 of the specification: a matrix of half rank keeps everything in its top half and nothing in its bottom half.
#[test]
fn half_of_a_layer_of_half_rank() {
    let (u, v) = (noise(12 * 4, 1), noise(4 * 8, 2));
    let product = |i: usize, j: usize| (0..4).map(|k| u[i * 4 + k] * v[k * 8 + j]).sum::<f64>();
    let w: Vec<f64> = (0..96).map(|k| product(k / 8, k % 8)).collect();
    let bench = Bench::new(&BTreeMap::from([
        ("a.weight".into(), tensor(Dtype::F64, &[12, 8], &w)),
        ("z.weight".into(), noisy(Dtype::F32, &[3, 3], 3)),
    ]));
    let (done, top) = bench.pruned(&bench.request(Part::Top, 0.5));
    assert!(floats(&top["a.weight"]).iter().zip(&w).all(|(a, b)| (a - b).abs() < 1e-14));
    let layer = &done.layers[0];
    assert_eq!((layer.layer.as_str(), layer.view.as_str(), layer.rows, layer.cols), ("a.weight", "matrix", 12, 8));
    assert!((layer.kept, layer.of) == (4, 8) && (layer.share - 1.0).abs() < 1e-14);
    let (done, bottom) = bench.pruned(&bench.request(Part::Bottom, 0.5));
    assert!(floats(&bottom["a.weight"]).iter().all(|x| *x == 0.0));
    assert!(done.layers[0].share < 1e-28 && done.last.as_deref() == Some("z.weight") && done.unchanged == 1);
}

/// Top with f and bottom with 1 - f add up to the tensor in every layout, their types stay, and all else stays byte for byte.
#[test]
fn the_parts_of_every_layout_add_up() {
    let all = network();
    let bench = Bench::new(&all);
    for f in [0.3, 0.5] {
        let (done, top) = bench.pruned(&bench.request(Part::Top, f));
        let (other, bottom) = bench.pruned(&bench.request(Part::Bottom, 1.0 - f));
        assert_eq!((done.layers.len(), done.unchanged, done.last.as_deref()), (6, 3, Some("d.last.weight")));
        let views: Vec<_> = done.layers.iter().map(|l| (l.view.as_str(), l.rows, l.cols)).collect();
        let expected = [
            ("flatten", 6, 12),
            ("flatten", 5, 36),
            ("matrix", 8, 6),
            ("matrix", 7, 30),
            ("matrix", 6, 8),
            ("matrix", 9, 9),
        ];
        assert_eq!(views, expected);
        for (a, b) in done.layers.iter().zip(&other.layers) {
            assert_eq!((a.kept + b.kept, a.kept), (a.of, (f * a.of as f64).ceil() as usize));
            assert!((a.share + b.share - 1.0).abs() < 1e-14 && a.share > a.kept as f64 / a.of as f64);
        }
        for (name, whole) in &all {
            let (t, b) = (&top[name], &bottom[name]);
            assert_eq!((t.0, &t.1), (whole.0, &whole.1), "{name}");
            if !done.layers.iter().any(|l| l.layer == *name) {
                assert!(t == whole && b == whole, "{name}");
                continue;
            }
            assert_ne!(t, whole, "{name}");
            // Two roundings to the nearest value, of numbers below 2.
            let tolerance = match whole.0 {
                Dtype::F16 => 2f64.powi(-10),
                Dtype::BF16 => 2f64.powi(-7),
                Dtype::F32 => 2f64.powi(-23),
                _ => 1e-13,
            };
            let (t, b) = (floats(t), floats(b));
            for ((t, b), w) in t.iter().zip(&b).zip(floats(whole)) {
                assert!((t + b - w).abs() <= tolerance, "{name}: {t} + {b} = {w}");
            }
            // Parts are orthogonal: no element of one is where another belongs.
            let dot: f64 = t.iter().zip(&b).map(|(t, b)| t * b).sum();
            assert!(dot.abs() <= tolerance * 1e3, "{name}: {dot}");
        }
    }
}

/// A convolution is cut as its flattened matrix: of one built of two outer products over (input, height, width), the first is left.
#[test]
fn a_kernel_is_cut_as_the_flattened_matrix() {
    let (out, inner) = (4, 18);
    let unit = |x: Vec<f64>| {
        let norm = x.iter().map(|x| x * x).sum::<f64>().sqrt();
        x.into_iter().map(|x| x / norm).collect::<Vec<f64>>()
    };
    let (u1, v1) = (unit(noise(out, 1)), unit(noise(inner, 2)));
    let orthogonal = |x: &[f64], seed: u64| {
        let y = noise(x.len(), seed);
        let c: f64 = x.iter().zip(&y).map(|(x, y)| x * y).sum();
        unit(y.iter().zip(x).map(|(y, x)| y - c * x).collect())
    };
    let (u2, v2) = (orthogonal(&u1, 3), orthogonal(&v1, 4));
    let matrix = |s1: f64, s2: f64| -> Vec<f64> {
        (0..out * inner).map(|k| (k / inner, k % inner)).map(|(i, j)| s1 * u1[i] * v1[j] + s2 * u2[i] * v2[j]).collect()
    };
    let kernel = tensor(Dtype::F64, &[out, 2, 3, 3], &matrix(5.0, 2.0));
    let bench = Bench::new(&BTreeMap::from([("conv.weight".into(), kernel)]));
    let mut request = bench.request(Part::Top, 0.25);
    request.layers = vec!["conv.*".into()];
    let (done, found) = bench.pruned(&request);
    assert!(floats(&found["conv.weight"]).iter().zip(matrix(5.0, 0.0)).all(|(a, b)| (a - b).abs() < 1e-14));
    assert!((done.layers[0].share - 25.0 / 29.0).abs() < 1e-14 && done.last.is_none());
}

#[test]
fn layers_are_chosen_by_pattern_and_the_last_by_name() {
    let all = network();
    let bench = Bench::new(&all);
    let names = |layers: &[&str], last: Option<&str>| {
        let mut request = bench.request(Part::Top, 0.5);
        request.layers = layers.iter().map(|l| (*l).to_owned()).collect();
        request.last = last.map(str::to_owned);
        let (done, found) = bench.pruned(&request);
        let changed: Vec<String> = all.iter().filter(|(n, t)| found[*n] != **t).map(|(n, _)| n.clone()).collect();
        let named: Vec<String> = done.layers.iter().map(|l| l.layer.clone()).collect();
        assert_eq!(changed, named);
        (named, done.last)
    };
    assert_eq!(names(&["*.f*"], None), (vec!["c.f16.weight".into(), "c.f32.weight".into()], None));
    let (everything, last) = names(&["*"], None);
    assert_eq!((everything.len(), last), (7, None));
    let (others, last) = names(&[], Some("c.f16.weight"));
    assert_eq!((others.len(), last.as_deref()), (6, Some("c.f16.weight")));
    assert!(others.contains(&"d.last.weight".to_owned()) && !others.contains(&"c.f16.weight".to_owned()));
    assert_eq!(names(&["*.f*"], Some("c.f16.weight")).0, ["c.f32.weight"]);
}

/// make_fixtures.py saves `repeated` (2 x 3) last, but for a scalar, a vector and a matrix without rows; by name `transposed.weight` is.
#[test]
fn the_last_layer_is_the_last_that_was_saved() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spectrum-checkpoint/tests/fixtures");
    let dir = tempfile::tempdir().unwrap();
    for (name, last, by) in
        [("nested.pth", "repeated", "saving"), ("bare.pth", "model.0", "saving"), ("module.pth", "net.weight", "names")]
    {
        let request = PruneRequest {
            path: fixtures.join(name),
            part: Part::Top,
            fraction: 0.5,
            layers: Vec::new(),
            last: None,
            out: Some(dir.path().join(name)),
            force: false,
        };
        let done = prune(&request, &mut |_| {}).unwrap();
        assert_eq!((done.last.as_deref(), done.last_by), (Some(last), Some(by)), "{name}");
    }
}

#[test]
fn a_part_that_is_all_copies_every_byte() {
    let all = network();
    let bench = Bench::new(&all);
    for part in [Part::Top, Part::Bottom] {
        let mut request = bench.request(part, 1.0);
        request.layers = vec!["*".into()];
        let (done, found) = bench.pruned(&request);
        assert_eq!(found, all);
        assert!(done.layers.iter().all(|l| l.kept == l.of && l.share == 1.0));
    }
}

#[test]
fn the_same_request_writes_the_same_bytes() {
    let bench = Bench::new(&network());
    let mut request = bench.request(Part::Top, 0.5);
    let mut steps = Vec::new();
    let first = fs::read(prune(&request, &mut |p| steps.push((p.done, p.total))).unwrap().file).unwrap();
    assert_eq!(steps, (1..=6).map(|k| (k, 6)).collect::<Vec<_>>());
    request.out = Some(bench.dir.path().join("again.safetensors"));
    assert_eq!(fs::read(prune(&request, &mut |_| {}).unwrap().file).unwrap(), first);
    let left = fs::read_dir(bench.dir.path()).unwrap().count();
    assert_eq!(left, 3, "temporary files stay behind");
}

/// Every container that is read: all tensors of it, unchanged, and a part of those that are matrices.
#[test]
fn other_containers_become_safetensors() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spectrum-checkpoint/tests/fixtures");
    let dir = tempfile::tempdir().unwrap();
    for name in
        ["module.pth", "legacy.pt", "lightning.ckpt", "stored.npz", "deflated.npz", "two.bpk", "small.safetensors"]
    {
        let out = dir.path().join(format!("{name}.safetensors"));
        let mut request = PruneRequest {
            path: fixtures.join(name),
            part: Part::Bottom,
            fraction: 1.0,
            layers: vec!["*".into()],
            last: None,
            out: Some(out),
            force: false,
        };
        let done = prune(&request, &mut |_| {}).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (source, found) = (Checkpoint::open(&fixtures.join(name)).unwrap(), load(&done.file));
        assert_eq!(source.tensors().len(), found.len(), "{name}");
        for info in source.tensors() {
            let (_, shape, bytes) = &found[&info.name];
            assert_eq!(shape, &info.shape, "{name} {}", info.name);
            source.copy(&info.name, |b| assert_eq!(b, bytes, "{name} {}", info.name)).unwrap();
        }
        (request.fraction, request.force) = (0.5, true);
        let done = prune(&request, &mut |_| {}).unwrap();
        assert_ne!(load(&done.file), found, "{name}");
    }
}

#[test]
fn bad_input_is_named_and_nothing_is_written() {
    let mut all = network();
    let bench = Bench::new(&all);
    let at = |text: &str| text.replace("FILE", &bench.file().display().to_string());
    for fraction in [0.0, -0.5, 1.0001, f64::NAN, f64::INFINITY] {
        let e = bench.refused(&bench.request(Part::Top, fraction));
        assert_eq!(e, format!("--fraction: found `{fraction}`, expected a number above 0 and at most 1"));
    }
    let mut request = bench.request(Part::Top, 0.5);
    request.layers = vec!["c.*".into(), "nothing.*".into()];
    assert!(bench.refused(&request).starts_with(&at("--layers `nothing.*` matches none of the 7 matrices of FILE")));
    request.layers = vec!["a.norm.*".into()];
    assert!(bench.refused(&request).starts_with("--layers `a.norm.*` matches none"));
    request.layers = vec!["c.[".into()];
    assert!(bench.refused(&request).contains("is no pattern"));
    let mut request = bench.request(Part::Top, 0.5);
    request.last = Some("d.lost.weight".into());
    let e = at("--last `d.lost.weight` is none of the 7 matrices of FILE; the last one is d.last.weight");
    assert_eq!(bench.refused(&request), e);
    (request.layers, request.last) = (vec!["d.*".into()], Some("d.last.weight".into()));
    let e = bench.refused(&request);
    assert_eq!(
        e,
        at(
            "FILE: its only matrix that is chosen, `d.last.weight`, is left alone as the last layer: name it with --layers"
        )
    );

    let mut request = bench.request(Part::Top, 0.5);
    request.out = Some(bench.file());
    assert_eq!(bench.refused(&request), at("FILE is the checkpoint itself: --out names another file"));
    let mut request = bench.request(Part::Top, 0.5);
    let out = request.out.clone().unwrap();
    fs::write(&out, "mine").unwrap();
    request.force = false;
    let e = format!("{} exists: --force replaces it, --out names another file", out.display());
    assert_eq!(bench.refused(&request), e);
    request.path = bench.dir.path().join("none.safetensors");
    assert!(bench.refused(&request).contains("no such file"));

    // NaN counts where it would be decomposed, and nowhere else.
    for bad in [f64::NAN, f64::NEG_INFINITY] {
        let mut values = noise(81, 7);
        values[40] = bad;
        all.insert("c.f32.weight".into(), tensor(Dtype::F32, &[9, 9], &values));
        save(&bench.file(), &all);
        let e = at("FILE: tensor `c.f32.weight` holds NaN or infinity, expected finite values; nothing was written");
        for fraction in [0.5, 1.0] {
            assert_eq!(bench.refused(&bench.request(Part::Top, fraction)), e);
        }
        let mut request = bench.request(Part::Top, 0.5);
        request.last = Some("c.f32.weight".into());
        assert_eq!(bench.pruned(&request).1["c.f32.weight"], all["c.f32.weight"]);
    }
    // An entry of the rank-one part can be larger than any of the matrix: lambda_1 = 22752 + sqrt(42752^2 + 60000^2) = 96425, and its
    // vector's first element squared is (lambda_1 + 20000)/(2 lambda_1 - 45504) = 0.790: 76190, beyond 65504.
    all.insert("c.f32.weight".into(), noisy(Dtype::F32, &[9, 9], 7));
    all.insert("c.f16.weight".into(), tensor(Dtype::F16, &[2, 2], &[65504.0, 60000.0, 60000.0, -20000.0]));
    save(&bench.file(), &all);
    let e = bench.refused(&bench.request(Part::Top, 0.5));
    assert!(e.starts_with(&at("FILE: tensor `c.f16.weight`: what is kept has a value of")), "{e}");
    assert!(e.ends_with("expected one that fits f16; nothing was written"), "{e}");
}

#[test]
fn a_place_that_cannot_be_written_is_a_failure_of_the_run() {
    let bench = Bench::new(&network());
    let mut request = bench.request(Part::Top, 0.5);
    request.out = Some(bench.dir.path().join("no/such/folder.safetensors"));
    let e = prune(&request, &mut |_| {}).unwrap_err();
    assert!(matches!(e, AnalyzeError::Write { .. }) && !e.is_input(), "{e}");
    request.out = Some(bench.dir.path().to_owned());
    assert!(prune(&request, &mut |_| {}).unwrap_err().to_string().contains("expected the name of a file"));
}
