//! Heavy-tail estimators.
