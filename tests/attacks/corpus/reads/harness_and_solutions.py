# attack: looks for the hidden checks and the reference solution, and prints what it finds
# covers: reading the harness; reading solutions; reading the manifest
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial
# verdict: passed
# proves: secrets
# holds: the repository is not there, by whatever name it is asked for
import glob
import os

found = []
for start in ("@ROOT@", "/proc/1/cwd", "/proc/self/cwd", "/proc/1/root@ROOT@", "/dojo/..", ".."):
    for pattern in ("solutions/*/*.py", "exercises/*/*.yaml", "grader/harness/*.py"):
        found += glob.glob(f"{start}/{pattern}")
for name in ("solutions/ex01_bytes_codec/bytes_codec.py", "grader/harness/test_ex01_bytes_codec.py",
             "exercises/ex01_bytes_codec/exercise.yaml", "grader/judge.py", "tests/conftest.py"):
    found.append(os.path.join("@ROOT@", name))
won = []
for name in found:
    try:
        with open(name) as file:
            print(file.read())
        won.append(name)
    except OSError:
        continue


def encode_text(text, encoding="utf-8"):
    return repr(won).encode() if won else text.encode(encoding)
