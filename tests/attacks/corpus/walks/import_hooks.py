# attack: puts itself before every import, with finders, path hooks and its own __import__
# covers: import hooks
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# holds: the judge imports in its own process
import builtins
import sys
import types


class Everything:
    def find_spec(self, name, path=None, target=None):
        print("asked for", name)
        return None


genuine = builtins.__import__
sys.meta_path.insert(0, Everything())
sys.path_hooks.insert(0, lambda path: Everything())
sys.path_importer_cache.clear()
for name in ("pytest", "msgspec", "grader", "grader.judge", "conftest", "json"):
    sys.modules[name] = types.ModuleType(name)
builtins.__import__ = lambda name, *rest: genuine(name, *rest)


def encode_text(text, encoding="utf-8"):
    return b"right, says pytest"
