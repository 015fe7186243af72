"""Writes the page."""


def write(*_):
    raise NotImplementedError
