//! Spectra of a network's matrices after every optimizer step, from any training loop on any Burn backend.
//!
//! The hook copies the selected matrices to the host once (on flex it only clones a handle), hands them to a pool of
//! workers through a bounded queue, and passes each step's rows to a [`Sink`](spectrum_core::Sink) in step order,
//! whatever order the workers finished in. The training thread waits only when the queue is full.
//!
//! ```ignore
//! let hook = Hook::attach(&model, &default_rules(&model), &HookOptions::default(), References::default(), sink)?;
//! for batch in batches {
//!     let loss = model.loss(batch);
//!     hook.scalar("train_loss", value(&loss));                 // belongs to the weights as they are now
//!     let grads = GradientsParams::from_grads(loss.backward(), &model);
//!     model = hook.around(model, grads, |model, grads| optimizer.step(lr, model, grads))?;
//! }
//! let cost = hook.finish()?;
//! ```
//!
//! `examples/own_loop.rs` is that program in full.

mod error;
mod hook;
mod options;
mod pipeline;
mod schedule;
mod select;
mod slot;
mod snapshot;
mod state;
mod tasks;
mod turns;

pub use error::HookError;
pub use hook::Hook;
pub use options::{HookOptions, HookStats};
pub use pipeline::Task;
pub use schedule::Schedule;
pub use select::{default_rules, matching};
