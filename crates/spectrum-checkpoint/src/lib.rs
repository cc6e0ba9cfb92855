//! Checkpoints that other tools wrote, as named tensors, read one at a time.
//!
//! ```no_run
//! use std::path::Path;
//! use spectrum_checkpoint::Checkpoint;
//!
//! let checkpoint = Checkpoint::open(Path::new("model.safetensors"))?;
//! for info in checkpoint.tensors() {
//!     if info.dtype.precision().is_some() && info.shape.len() == 2 {
//!         let length = checkpoint.read(&info.name, |tensor| tensor.bytes.len())?;
//!         checkpoint.release(&info.name);
//!         println!("{}: {:?}, {length} bytes", info.name, info.shape);
//!     }
//! }
//! # Ok::<(), spectrum_checkpoint::CheckpointError>(())
//! ```
//!
//! The file's first bytes decide what it is, never its extension: safetensors (one file or a sharded index), PyTorch
//! (zip and legacy pickle), Burn's burnpack, `.npz` and `.npy`.
//!
//! # What is promised
//! - **Nothing is executed.** A pickle's imports are names. They are listed in [`Checkpoint::skipped`]; where tensors
//!   hang on one, the file is refused ([`CheckpointError::WeightsBehindImport`]).
//! - **Memory follows the file.** Opening costs the metadata. [`Checkpoint::read`] costs nothing where the tensor lies
//!   in the mapping as it is (safetensors, stored row-major little-endian numpy arrays), else one buffer of the
//!   tensor's size (for PyTorch's strided tensors also the part of the storage that they span), dropped afterwards.
//!   A tensor that would be larger than the file can imply (its size; for deflated zip entries 1032 times the packed
//!   size, which is all that deflate can do) is refused before anything of that size is allocated, and so is a pickle
//!   whose objects would take more than 32 MiB + 128 times the bytes that it can have (at most 1 GiB).
//! - **No file makes it panic**, with one exception that no program can rule out: files are mapped into memory, and if
//!   another process *shortens* the file while it is being read, the operating system answers the access with SIGBUS,
//!   which ends the process. Overwriting in place changes the values that are read. Write checkpoints to a new name and
//!   rename them, as all common tools do, and neither happens.

#[cfg(target_endian = "big")]
compile_error!("the readers hand out little-endian bytes of little-endian files: a big-endian target needs swaps");

mod archive;
mod burnpack;
mod checkpoint;
mod discover;
mod error;
mod info;
mod mapping;
mod natural;
mod npy;
mod npy_literal;
mod npz;
mod numbers;
mod pickle_scan;
mod pickle_stack;
mod pytorch;
mod pytorch_tree;
mod safetensors;
mod sharded;
mod sniff;

pub use checkpoint::Checkpoint;
pub use discover::discover;
pub use error::CheckpointError;
pub use info::{Container, Dtype, Skipped, TensorBytes, TensorInfo};
pub use natural::natural_order;
pub use numbers::Numbers;
