"""What a source may hold: beyond it something is refused, and an entry says so."""

from __future__ import annotations

MEGABYTE = 1 << 20

MAX_DEPTH = 40  # folders in folders
MAX_FILES = 300_000  # of the whole source
MAX_MEMBERS = 100_000  # of an archive that is a whole class; of another one an eighth
MAX_DIRECTORY = 16 * MEGABYTE  # a zip's own list of its members
MAX_UNPACKED = 2048 * MEGABYTE  # read of an archive that is a whole class; of another an eighth
MAX_MEMBER = 64 * MEGABYTE  # of a Python file in an archive, to learn its true size
MAX_NESTED = 256 * MEGABYTE  # of an archive in an archive
# Python compresses about 4 times, deflate at most 1,032 times; what is small may be anything.
MAX_RATIO = 100
RATIO_FROM = 8 * MEGABYTE
MAX_NESTING = 2  # an archive in an archive is opened, one in that is not
MAX_TABLE = 16 * MEGABYTE
MAX_ROWS = 100_000
MAX_CELL = 32_768
MAX_REPOSITORY = 256 * MEGABYTE
READ_S = 60.0  # for all that is read of one repository
GIT_MEMORY = 1536 * MEGABYTE  # address space of one git
GIT_CPU_S = 600
