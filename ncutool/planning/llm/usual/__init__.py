"""What is usual, from measured times of single calls: a range beside the floor, never mixed with
it."""
