//! Synthetic teachers and real data readers on host arrays.
