"""The page about scaling, worked out from one run of the benchmark."""
