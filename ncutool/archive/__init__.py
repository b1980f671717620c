"""Many captures become one dataset that anyone can query; jobs of ranks and trends over it."""
