"""What is told of a model or an operator before anything is profiled."""
