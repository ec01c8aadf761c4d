"""Reference peers: scripted clients and servers that keep a transcript."""
