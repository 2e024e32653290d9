"""Many patients and many replicates: chunks, workers, store, resume. Knows nothing of medicine."""
