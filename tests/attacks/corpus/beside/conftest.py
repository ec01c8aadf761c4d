# attack: brings along what pytest and Python would load: conftest.py, pytest.ini, sitecustomize.py, .pth
# covers: conftest.py; pytest.ini; sitecustomize.py; .pth
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none spawn
# verdict: passed
# beside: conftest.py pytest.ini tox.ini setup.py sitecustomize.py usercustomize.py evil.pth
#   __init__.py __main__.py noxfile.py test_ex01_bytes_codec.py
# holds: one file is read, and nothing beside it
def encode_text(text, encoding="utf-8"):
    return text.encode(encoding)
