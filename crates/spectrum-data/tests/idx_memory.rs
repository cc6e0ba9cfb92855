//! A header's promise costs no memory: the largest allocation follows the bytes that are there.
#![allow(clippy::unwrap_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use spectrum_data::idx::images_from;

struct Watch;
static LARGEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on to the system's allocator unchanged; only the sizes are noted.
unsafe impl GlobalAlloc for Watch {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps GlobalAlloc's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps GlobalAlloc's contract.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LARGEST.fetch_max(size, Ordering::Relaxed);
        // SAFETY: the caller keeps GlobalAlloc's contract.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Watch = Watch;

// One test in this file, so that no other thread allocates.
#[test]
fn a_header_that_promises_exabytes_costs_nothing() {
    // 2^20 x 2^20 x 2^20 elements promised, 3000 there.
    let mut file = vec![0, 0, 8, 3];
    (0..3).for_each(|_| file.extend((1_u32 << 20).to_be_bytes()));
    file.extend([7; 3000]);
    LARGEST.store(0, Ordering::Relaxed);
    let error = images_from(&file[..], "f").unwrap_err();
    let largest = LARGEST.load(Ordering::Relaxed);
    assert!(error.to_string().contains("the file ends at byte 3016"), "{error}");
    assert!(largest <= 2 * file.len() + 4096, "one allocation of {largest} bytes for a file of {}", file.len());
}
