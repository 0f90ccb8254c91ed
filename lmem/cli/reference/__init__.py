"""The reference, made from the command tree and the tables: man pages, completions, the fast reader's options.

Not read at run time, but for `lmem completions`. `python -m lmem.cli.reference` writes the files.
"""
