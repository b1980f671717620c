"""What every finding starts from: launches, calls, idle time and shapes, grouped once."""
