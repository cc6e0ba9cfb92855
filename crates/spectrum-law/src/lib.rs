//! Random-matrix laws: Marchenko-Pastur and its edge.
