"""What a script has checked: a line for each, and at the end whether all of it was right."""

import sys
import traceback

client = sys.argv[1]

# User data that prints the GPUs on the console, as the simulated instances understand it.
GPU_REPORT = """#!/bin/sh
count=$(nvidia-smi -L | wc -l)
model=$(nvidia-smi --query-gpu=name --format=csv,noheader | head -n 1)
echo "$count x $model" >/dev/console
"""

failed = 0


def check(what, right, seen=""):
    """Whether something is right; `seen` is shown when it is not."""
    global failed
    if right:
        print(f"ok      {client}: {what}", flush=True)
    else:
        failed += 1
        print(f"FAILED  {client}: {what}\n        {seen}", flush=True)


def equal(what, seen, expected):
    check(what, seen == expected, f"{seen!r}, not {expected!r}")


def run(*parts):
    """Runs the parts of a script in order; one that cannot go on ends it, as later ones need what it makes."""
    for part in parts:
        try:
            part()
        except Exception:
            check(f"{part.__name__} goes through", False, traceback.format_exc())
            break
    sys.exit(1 if failed else 0)
