"""Where a launch lies on its device's roofline, what bounds it, and what share of time is known."""
