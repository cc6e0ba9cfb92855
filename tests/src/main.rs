//! The binary under test: `CARGO_BIN_EXE_*` exists only inside the package that owns the bin.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    spectrum_cli::main()
}
