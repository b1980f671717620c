"""Findings that put more work into each launch, each weight read and each step."""
