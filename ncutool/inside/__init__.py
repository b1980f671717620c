"""What a report knows of a kernel: fill, levels, stalls, occupancy, hot lines."""
