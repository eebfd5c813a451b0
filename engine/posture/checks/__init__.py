"""One file a check: `CHECK` says what it is, `find(estate)` gives what it finds."""
