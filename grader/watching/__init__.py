"""What ``watch`` is made of: the file, the gradings, the keys, the screen, and the session of all.

``files`` tells when the file was saved; ``gradings`` has a child process grade it, and ``serving``
is that child (``messages``: what they say to each other); ``work`` puts the two together, so that
the result is always the newest content's.  ``keys`` and ``display`` are the two halves of the
terminal, ``panel`` is what keys do, ``views`` what stands on the screen; ``session`` runs it all.
What other commands do as well (a hint, a page, the stub put back) is lent from above (``around``).
"""
