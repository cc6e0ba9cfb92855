//! Singular values, singular vectors and overlaps, computed by faer in f64.
