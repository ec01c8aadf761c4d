"""Many submissions: collected, graded, kept, exported, similar ones found, work handed out far.

``collecting`` reads what an instructor has into a `Collection`; ``running`` sends `Job`s to a
backend (``pool``: processes here; ``cluster``: Dask) and puts every `Done` into the ``store``;
``gradebook`` makes figures of them by a ``course``; ``exports`` writes files.
"""
