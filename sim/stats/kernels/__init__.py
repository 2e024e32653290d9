"""Compiled estimators on pre-sorted arrays, the same functions for one data set and for batches. No checks of input."""
