# attack: makes time stand still and jump, for the runner too, and so claims to have waited
# covers: patching time
# exercise: ex03
# checks: client_times_out_on_connect
# rungs: full partial none
# verdict: failed
# diagnosis: timeout_too_early
# holds: the judge's clock is not in this process
import gc
import time

time.sleep = lambda _: None
time.monotonic = time.time = time.perf_counter = lambda: 1e9
child = next(found for found in gc.get_objects() if type(found).__name__ == "Child")
type(child).send.__globals__["_monotonic"] = lambda: -1e300


def echo(host, port, message, timeout=5.0):
    time.sleep(timeout)
    raise TimeoutError


def serve(host, port):
    pass
