"""What happens next to one patient: draws, step, the drivers and the History. No files, no statistics."""
