"""A seeded organisation that writes our events, for measuring what is learned from habits.

`people` says who and what there is, `calendar` when they work, `habits` who uses what and how that
drifts, `days` one ordinary day, `plants` campaigns of attackers and their benign twins, `written`
the events. Everything is drawn from one seed; labels are never in an event.
"""
