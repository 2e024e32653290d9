"""Estimators and tests on arrays. Knows no protocols."""
