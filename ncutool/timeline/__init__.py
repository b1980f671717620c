"""The window of a trace: busy and idle time, steps, and its replay with other durations."""
