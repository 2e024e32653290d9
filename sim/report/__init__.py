"""Figures, tables, HTML and a patient's story in words. Computes no estimates of its own."""
