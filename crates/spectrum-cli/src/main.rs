//! The binary; everything is in the library beside it.

use std::process::ExitCode;

// glibc maps and returns every large buffer; a fifth of each training step went into that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    spectrum_cli::main()
}
