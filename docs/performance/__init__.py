"""The page about performance, made from what the benchmarks printed."""
