# attack: writes to every folder outside its own that lets it
# covers: files left behind
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial
# verdict: passed
# proves: disk
# holds: nothing is left outside, and its own folder is gone with the check
import os

for folder in ("/", "/tmp", "/var/tmp", "/dev/shm", "/run/lock", "/root", "@HOME@", "@HOME@/..",
               "@ROOT@", os.path.dirname(__file__), "..", "/etc", "/usr/local/lib"):
    try:
        with open(os.path.join(folder, "left-@TOKEN@"), "w") as file:
            file.write("I was here")
    except OSError:
        continue


def encode_text(text, encoding="utf-8"):
    return text.encode(encoding)
