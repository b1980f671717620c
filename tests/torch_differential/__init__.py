"""Holds the operator models to PyTorch itself, run for real on the CPU: `make test-torch`."""
