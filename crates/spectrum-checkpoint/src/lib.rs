//! Checkpoints that other tools wrote, as layer matrices.
