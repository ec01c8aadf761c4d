"""Protocols without sockets: bytes in, plain data out."""
