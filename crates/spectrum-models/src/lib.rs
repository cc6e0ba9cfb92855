//! The models of the experiments as Burn modules.
