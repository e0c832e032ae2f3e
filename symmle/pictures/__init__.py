"""Pictures of runs and of stability: the numbers of each, and their drawing.

Every kind of picture has a module that computes its numbers, a frozen record, without matplotlib
(`paths`, `radius`, `bifurcation`, `basin`, `cobweb`), and a function in `draw` that draws them.
Importing this package imports nothing of either.
"""
