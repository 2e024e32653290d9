"""The audit of printed figures by arithmetic: small checks, one list of them, findings as values. Nothing is fitted."""
