"""What every room uses: the tables' schema, units, intervals and untrusted text."""
