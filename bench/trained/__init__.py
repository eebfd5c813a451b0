"""Trained models that the novelty score is measured beside: they rank rows, and no rule reads them."""
