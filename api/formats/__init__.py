"""How an answer is written: Markdown, CSV, Parquet."""
