"""Findings about single kernels: tuning, precision, and what NVIDIA's rules say."""
