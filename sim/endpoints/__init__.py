"""From a History to time-to-event tables, by arm and by subgroup. No estimators."""
