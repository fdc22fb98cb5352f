"""Interpretable knowledge tracing: data, reference models, network, training and inference.

A library of its own: it knows nothing of the web, the queue or the database.
"""
