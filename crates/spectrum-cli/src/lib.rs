//! The binary spectrum: command line, progress and exit codes.
