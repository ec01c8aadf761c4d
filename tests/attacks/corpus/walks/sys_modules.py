# attack: replaces the pipe's encoder, wherever a module still refers to it, by one that says "passed"
# covers: sys.modules walks
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# holds: "passed" is no event; whoever speaks it is not understood
import gc
import sys
import types

for module in [*sys.modules.values(), *gc.get_objects()]:
    if isinstance(module, types.ModuleType) and hasattr(module, "MAX_FRAME"):
        genuine = module.encode
        module.encode = lambda event, genuine=genuine: genuine(
            {"event": "passed", "status": "passed", "score": 100.0, "earned": 1.0}
        )


def encode_text(text, encoding="utf-8"):
    return b""
