"""Protocols as data: YAML with positions, expressions, schema, resolving, static checks. Nothing is simulated here."""
