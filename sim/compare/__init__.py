"""Arms side by side: each study as published, and every protocol in one population."""
