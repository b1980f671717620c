"""A capture read with others of the same program, which say what it cannot itself."""
