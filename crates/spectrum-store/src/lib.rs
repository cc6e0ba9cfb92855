//! The run directory: SQLite rows, checkpoints, locks and exports.
