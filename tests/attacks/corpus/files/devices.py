# attack: changes the mode and owner of devices, and writes to what controls the machine
# covers: devices and kernel settings
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial
# unless: other_user
# verdict: passed
# proves: disk
# holds: everything that is shared with the machine is read-only, or owned by another
import os

won = []
for name in ("/dev/null", "/dev/zero", "/dev/urandom", "/usr/lib", os.__file__, "/etc/hosts"):
    for change in (lambda path: os.chmod(path, os.stat(path).st_mode & 0o7777),
                   lambda path: os.chown(path, os.getuid(), os.getgid()), lambda path: os.truncate(path, 0)):
        try:
            change(name)
            won.append(name)
        except OSError:
            continue
for name in ("/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/self/oom_score_adj",
             "/sys/kernel/uevent_helper", "/dev/mem", "/dev/kmsg", "/dev/sda", "/dev/vda",
             "/sys/fs/cgroup/cgroup.procs", "/sys/power/state", "/dev/tty", "/dev/ptmx", "/dev/fuse"):
    try:
        os.close(os.open(name, os.O_WRONLY))
        won.append(name)
    except OSError:
        continue


def encode_text(text, encoding="utf-8"):
    return repr(won).encode() if won else text.encode(encoding)
