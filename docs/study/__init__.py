"""The study behind docs/study-l23.md: what is run (`plan.toml`), by whom (`run.py`), and how it is written up
(`write.py`).
"""
