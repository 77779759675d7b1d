"""Peers that may be missing."""


def optional(name):
    try:
        return __import__(name)
    except ImportError:
        return None
