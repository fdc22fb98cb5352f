"""Every select and insert of the project: plain functions, one file per aggregate.

They flush, and never commit.
"""
