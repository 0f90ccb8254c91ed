"""The command tree as Typer sees it: names, options and help of every command, and nothing else.

Not what the commands do: each function here hands its values to `lmem.cli.run.run`, as the fast reader does.
"""
