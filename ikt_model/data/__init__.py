"""From files to flat arrays: readers, sequences, folds, the simulated classroom."""
