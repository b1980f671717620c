"""What capture.py captures: one module a kind of workload, and how a step of one is recorded.

Every workload is a step that can be repeated: random weights, fixed inputs, nothing downloaded.
`--tiny --device cpu` runs them small on a CPU. Sizes for a GPU, CUDA graphs, the reports and
everything that only CUDA does have not been run: each module says so where it holds.
"""
