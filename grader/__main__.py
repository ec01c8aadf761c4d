"""``python -m grader``: the command line without nox."""

import sys

try:
    from grader.cli import main
except KeyboardInterrupt:  # Ctrl-C before anything has begun
    raise SystemExit(130) from None

if __name__ == "__main__":
    sys.exit(main())
