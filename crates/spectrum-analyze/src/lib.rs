//! Checkpoints into an ordinary run directory.
