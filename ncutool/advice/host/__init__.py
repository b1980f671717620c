"""Findings about what the GPU waits for: the host, copies, other ranks."""
