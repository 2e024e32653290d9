"""The console command: parse, call, print. Nothing is computed here."""
