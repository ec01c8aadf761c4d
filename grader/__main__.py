"""``python -m grader``: the command line without nox."""

import os
import sys

# ``-m`` has the current folder searched before the standard library, and a learner's socket.py
# may lie there: nothing of a learner's is imported here.
_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:] = [entry for entry in sys.path if entry not in ("", os.getcwd(), _HERE)] + [_HERE]

try:
    from grader.cli import main
except KeyboardInterrupt:  # Ctrl-C before anything has begun
    raise SystemExit(130) from None

if __name__ == "__main__":
    sys.exit(main())
