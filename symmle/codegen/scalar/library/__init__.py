"""What generated scalar code carries along, written once, in the Python that `clike` reads.

Nobody imports these files at run time but the tests: `pieces` cuts out the functions that a program
needs, and each target spells them in its own language.  So a function here uses numbers, lists of
floats, `math` and other functions of this folder, and no other feature of Python.
"""
