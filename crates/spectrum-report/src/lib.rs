//! A run directory as one HTML file and as terminal tables.
