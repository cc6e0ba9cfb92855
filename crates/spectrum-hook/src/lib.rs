//! Snapshots of a Burn module's matrices after each optimizer step, measured by a worker pool.
