"""Source of the helpers that a generated module carries along.

Nobody imports these files: the emitter copies from them, function by function, what a module
needs, so that the helpers are formatted, typed and tested like everything else.  A helper uses
NumPy, the standard library and other helpers, nothing more (in `functions`, SciPy too), and every
name starts with an underscore, which no symbol of a user does.
"""
