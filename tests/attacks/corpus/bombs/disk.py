# attack: fills every folder that can be written to, 1 GB at the most
# covers: filling the disk
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full
# verdict: passed
# proves: disk
# limits: file_mb=32
# holds: its folders have a size, and are gone with the check

full = []
for folder in (".", "/tmp", "/dev/shm", "/var/tmp", "/dev", "/run", "/proc", "@HOME@"):
    for number in range(16):
        try:
            with open(f"{folder}/left-@TOKEN@-{number}", "wb") as file:
                for _ in range(16):
                    file.write(bytes(1 << 20))
        except OSError:
            break
    else:
        full.append(folder)


def encode_text(text, encoding="utf-8"):
    return repr(full).encode() if full else text.encode(encoding)
