//! From a config to a run: backend, data, model, optimizer, loop, resume.
