"""Background work: training and scoring jobs, claimed from rows and nudged by messages."""
