# attack: raises exceptions whose name, text, bases, traceback and notes do harm
# covers: hostile exceptions; ANSI escapes; GitHub commands
# exercise: ex01
# checks: encode_text_writes_every_script decode_text_reads_every_script receive_text_reads_until_close
# rungs: full partial none
# verdict: failed
# diagnosis: raised_unexpectedly control_broken crashed exited
# holds: a name and a text cross, cut, and are shown escaped
Evil = type("\x1b[2J\r::error::\n##[error]" + "E" * 5000, (Exception,), {"__module__": "\n::warning::"})


class Text(Exception):
    def __str__(self):
        return "\x1b]0;owned\x07\r\n::error file=/etc/passwd::pwned\n##[group]\x9b2J" * 100_000


class Raises(Exception):
    def __str__(self):
        raise self


def encode_text(text, encoding="utf-8"):
    raise Evil("\r\n::stop-commands::x")


def decode_text(data, encoding="utf-8"):
    raise Text from Raises()


def receive_text(sock, encoding="utf-8"):
    raise Raises
