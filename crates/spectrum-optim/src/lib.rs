//! Optimizers with PyTorch's formulas and f64 scalars on any Burn backend, and learning-rate schedules.
