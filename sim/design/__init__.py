"""Designs by closed forms and numerical integration: events, sample size, boundaries. No simulation, no protocols."""
