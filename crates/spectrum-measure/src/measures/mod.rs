//! The measures of one matrix, each an implementor of [`Measure`](spectrum_core::Measure).

mod bulk;
mod hill;
mod norms;
mod overlap;
mod ranks;
pub(crate) mod teacher;
mod trusted;

pub use bulk::{Bulk, InitialOutliers};
pub(crate) use bulk::{READINGS, trusted_fit};
pub use hill::Hill;
pub use norms::Norms;
pub use overlap::UpdateOverlap;
pub use ranks::{Ranks, effective_rank, gini, mass_rank};
pub use teacher::Teacher;
