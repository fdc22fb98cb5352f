"""Reference models: the theory whose language Head 2 speaks."""
