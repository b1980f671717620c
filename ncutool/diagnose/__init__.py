"""What a careful colleague would say of a capture, for programs: few bytes under fixed names."""

from ncutool.diagnose.budget import LEAST_BYTES, MOST_BYTES, USUAL_BYTES, within
from ncutool.diagnose.record import SCHEMA, Parts, parts

__all__ = ["LEAST_BYTES", "MOST_BYTES", "SCHEMA", "USUAL_BYTES", "Parts", "parts", "within"]
