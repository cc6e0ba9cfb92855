//! What opening and reading costs, counted by an allocator: memory follows the file's size.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use common::{dict_pickle, file, fixture, npy_file, tensor_pickle, torch_file, zip_file};
use spectrum_checkpoint::{Checkpoint, CheckpointError as E};

/// Counts what is held and the most that ever was.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged; the counters touch no memory of the caller's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(HELD.fetch_add(layout.size(), SeqCst) + layout.size(), SeqCst);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), SeqCst);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes that were held at once while `f` ran, beyond those before.
fn peak(f: impl FnOnce()) -> usize {
    let before = HELD.load(SeqCst);
    PEAK.store(before, SeqCst);
    f();
    PEAK.load(SeqCst) - before
}

fn open_and_read(path: &Path) -> Result<u64, E> {
    common::exhaust(path)
}

/// One test: the counters are the process's.
#[test]
fn memory_follows_the_file() {
    // Mapped tensors cost nothing: 1.2 MB of file, its metadata alone in memory.
    let safetensors = peak(|| assert_eq!(open_and_read(&fixture("silero_vad_16k.safetensors")).unwrap(), 1_238_532));
    assert!(safetensors < 64 << 10, "{safetensors} bytes");

    // A file of eight tensors of 1 MB: one of them at a time.
    let data = vec![1u8; 1 << 20];
    let w = tensor_pickle(1 << 18, &[512, 512], &[1, 512]);
    let names: Vec<String> = (0..8).map(|i| format!("w{i}")).collect();
    let pickle = dict_pickle(&names.iter().map(|n| (n.as_str(), w.as_slice())).collect::<Vec<_>>());
    let (_dir, path) = file(&torch_file(&pickle, &[("0", &data)]));
    let gathered = peak(|| assert_eq!(open_and_read(&path).unwrap(), 8 << 20));
    // The window of the storage and the gathered copy.
    assert!((2 << 20..3 << 20).contains(&gathered), "{gathered} bytes");

    // Arrays of an npz: one at a time; the stored ones not at all.
    let npy = npy_file("{'descr': '<f4', 'fortran_order': False, 'shape': (262144,)}", &data);
    for (deflate, most) in [(false, 256 << 10), (true, (1 << 20) + (256 << 10))] {
        let (_dir, path) = file(&zip_file(&[("a.npy", &npy), ("b.npy", &npy), ("c.npy", &npy)], deflate));
        let held = peak(|| assert_eq!(open_and_read(&path).unwrap(), 3 << 20));
        assert!(held < most, "deflated: {deflate}: {held} bytes");
    }

    // Bombs. Each would take gigabytes from a reader that believes it; the last three from pytorch-reader itself, whose
    // limits on copies do not count the keys of dictionaries and the names of classes.
    let many = |n: usize, op: &[u8]| op.repeat(n);
    let long = "k".repeat(1 << 20);
    let bombs: Vec<(&str, Vec<u8>)> = vec![
        ("long key, copied", [&b"\x80\x02}"[..], &common::key(&long), b"Nsq\0(", &many(4000, b"h\0"), b"t."].concat()),
        ("long class, copied", [&b"\x80\x02c"[..], long.as_bytes(), b"\nx\nq\0(", &many(4000, b"h\0"), b"t."].concat()),
        ("small dictionaries, copied", [&b"\x80\x02}K\0K\0sq\0("[..], &many(400_000, b"h\0"), b"t."].concat()),
        (
            "doubling",
            [&b"\x80\x02]"[..], &(0..60u8).flat_map(|i| [b'q', i, b'h', i, 0x86]).collect::<Vec<_>>(), b"."].concat(),
        ),
        ("empty dictionaries", [&b"\x80\x02("[..], &many(8 << 20, b"}"), b"t."].concat()),
    ];
    for (name, pickle) in bombs {
        let bytes = torch_file(&pickle, &[]);
        let (_dir, path) = file(&bytes);
        let held = peak(|| {
            let error = open_and_read(&path).unwrap_err();
            assert!(matches!(&error, E::Malformed { expected: "a pickle of metadata", .. }), "{name}: {error}");
        });
        // The scan itself.
        assert!(held < 48 << 20, "{name}: {held} bytes from a file of {}", bytes.len());
    }

    // Pickles that are let through take no more than they were weighed at, whatever they are made of.
    let starts: [(&str, &[u8], &[u8]); 7] = [
        ("None", b"", b"N"),
        ("empty dictionaries", b"", b"}"),
        ("strings", b"", b"\x8c\x05abcde"),
        ("copies of a dictionary", b"}K\0K\0sq\x010", b"h\x01"),
        ("copies of a tuple", b"K\0K\0K\0\x87q\x010", b"h\x01"),
        ("copies of a class", b"ca\nb\nq\x010", b"h\x01"),
        ("opaque objects", b"ca\nb\nq\x010", b"h\x01)R"),
    ];
    for (name, start, item) in starts {
        let pickle = |n: usize| {
            let full = [&b"("[..], &item.repeat(1000), b"e"].concat();
            [&b"\x80\x02"[..], start, b"]", &full.repeat(n), b"."].concat()
        };
        let (mut low, mut high, mut most) = (1, 600, 0);
        while high - low > 60 {
            let n = (low + high) / 2;
            let pickle = pickle(n);
            let budget = (32 << 20) + 128 * pickle.len();
            let (_dir, path) = file(&torch_file(&pickle, &[]));
            let mut through = false;
            let held = peak(|| match open_and_read(&path).unwrap_err() {
                E::NoTensors { .. } => through = true,
                // The second is the reader's own limit on copies.
                E::Malformed { .. } | E::Reader { .. } => {}
                other => panic!("{other}"),
            });
            assert!(held < budget + (1 << 20), "{name} x {n}000: {held} bytes, weighed at most {budget}");
            most = most.max(100 * held / budget);
            if through { low = n } else { high = n }
        }
        println!("{name}: {low}000 let through, {most} % of the budget");
    }

    // And a large honest checkpoint is let through: 20 000 tensors.
    let w = tensor_pickle(1, &[1], &[1]);
    let names: Vec<String> = (0..20_000).map(|i| format!("model.layers.{i}.weight")).collect();
    let pickle = dict_pickle(&names.iter().map(|n| (n.as_str(), w.as_slice())).collect::<Vec<_>>());
    let (_dir, path) = file(&torch_file(&pickle, &[("0", &[0; 4])]));
    assert_eq!(Checkpoint::open(&path).unwrap().tensors().len(), 20_000);

    // A pickle of 60 MB in 60 kB: more than the file implies.
    let bomb = [&b"\x80\x02"[..], &vec![b'N'; 60 << 20], b"."].concat();
    let (_dir, path) = file(&zip_file(&[("data.pkl", &bomb)], true));
    let held = peak(|| assert!(matches!(open_and_read(&path).unwrap_err(), E::Claim { .. })));
    assert!(held < 1 << 20, "{held} bytes");
}
