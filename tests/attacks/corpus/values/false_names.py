# attack: raises exceptions that are only called like the ones that are due
# covers: lying results; hostile exceptions
# exercise: ex01
# checks: codec_functions_are_strict unknown_encoding_raises_lookup_error
# rungs: full partial none
# verdict: failed
# diagnosis: wrong_exception
# holds: the runner knows the true classes by identity
def false(name):
    return type(name, (Exception,), {"__module__": "builtins", "__qualname__": name})


def encode_text(text, encoding="utf-8"):
    raise false("LookupError" if "no-such" in encoding else "UnicodeEncodeError")


def decode_text(data, encoding="utf-8"):
    raise false("LookupError" if "no-such" in encoding else "UnicodeDecodeError")


receive_text = receive_text_stream = decode_text
