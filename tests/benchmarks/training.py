"""Training against the loop that everybody writes first: `make bench-training DATA=train_valid.csv`.

Both loops train the same network on the same histories in one run, in turns, because machines are noisy:
valid responses a second, share of the machine's own matrix-product rate, memory, seconds to an AUC. Prints
a table and one line of JSON, draws a plot, and fails when a bound is missed.
"""
