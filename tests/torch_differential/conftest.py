"""Settings of the tests that need PyTorch; without it nothing here is collected."""

from __future__ import annotations

import importlib.util
import os

from hypothesis import HealthCheck, settings

collect_ignore_glob = [] if importlib.util.find_spec("torch") else ["test_*.py"]

settings.register_profile(
    "torch",
    deadline=None,  # the first call of an operator loads its kernels
    derandomize="CI" in os.environ,
    max_examples=int(os.environ.get("TORCH_EXAMPLES", "25")),
    # a drawn data type that an operator refuses is drawn again
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
settings.load_profile("torch")
