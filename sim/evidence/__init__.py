"""Published results as data: records, audit, study definitions. Nothing is fitted here."""
