//! The named numbers of one matrix.
