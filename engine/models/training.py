"""Training: the lessons of a window in, a model out. The same lessons give the same model."""

from __future__ import annotations

from dataclasses import asdict
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from engine.models import access_anomaly, outlier
from engine.models.days import LEAST_DAYS
from engine.models.files import Trained, trained
from engine.models.lessons import pairs_of, samples_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from engine.models.subject import Subject

MISSING: Final = "to train models the extra `models` is needed: pip install 'atp[models]'"


def can_train() -> bool:
    """Whether the libraries are there that training needs."""
    return find_spec("scipy") is not None and find_spec("sklearn") is not None


def train(subject: Subject, until: int, lessons: Mapping[int, pa.Table]) -> Trained | None:
    """Train on the days of `lessons` that lie in the window before the day `until`; None where that
    is too little. Raises ImportError without the extra `models`.
    """
    window = range(until - subject.over, until)
    taught = {day: table for day, table in lessons.items() if day in window and len(table)}
    if len(taught) < LEAST_DAYS:
        return None
    if subject.kind == "access_anomaly":
        how = access_anomaly.Parameters()
        made = access_anomaly.train_access_anomaly(pairs_of(taught), how)
        return trained(subject, made, until, len(taught), asdict(how))
    samples = samples_of(taught, len(subject.columns))
    parameters = outlier.Parameters()
    forest = outlier.train_outlier(subject.columns, samples, parameters)
    return trained(subject, forest, until, len(taught), asdict(parameters))
