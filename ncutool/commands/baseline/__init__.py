"""``ncutool baseline``: keep what a capture is compared by as a small file."""
