"""Models that are trained beside the engine: trainers, what they learn from, files of what they learnt.

Nothing here knows a database, a rule or a clock. scipy and scikit-learn (the extra `models`) are
needed to train, not to read what was trained.
"""
