//! The measures of one matrix, each an implementor of [`Measure`](spectrum_core::Measure).

mod bulk;
mod erg;
mod hill;
mod live;
mod norms;
mod outliers;
mod overlap;
mod ranks;
mod shape;
mod spread;
mod tail;
pub(crate) mod teacher;
mod trusted;

pub use bulk::{Bulk, InitialOutliers};
pub(crate) use bulk::{READINGS, bulk_of};
pub use erg::{ErgTail, erg_tail};
pub use hill::Hill;
pub use live::Dead;
pub use norms::Norms;
pub use outliers::Outliers;
pub use overlap::UpdateOverlap;
pub(crate) use ranks::normalized_rank;
pub use ranks::{Ranks, effective_rank, gini, mass_rank};
pub use shape::{Evidence, Shape, ShapeClass, evidence};
pub use spread::{Spread, entropy, participation_ratio};
pub use tail::{Tail, WELL_TRAINED, tail_fit};
pub use teacher::Teacher;
pub(crate) use trusted::{incomplete, trusted};
