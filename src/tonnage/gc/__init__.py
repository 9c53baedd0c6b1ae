"""What the registry's own collector would do, from the inventory alone.

    inventory -> gc.replica (what the collector would see) -> gc.plain (all at once, where nothing is odd),
                 gc.marking, gc.sweeping (what it would do, step by step)
              -> gc.preview (what that frees, breaks and leaves, as a value) -> gc.text, gc.listings (for people)

The rules are the program's own, traps included, read in its code and run (docs: garbage collection). A rule that would
be nice is not here: what is safe to free is worked out beside it, from the meaning of the OCI specifications.
"""
