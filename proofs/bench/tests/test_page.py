"""The page, and whether it says that its measurements are old."""

from xml.etree import ElementTree

from proofs.bench import page, plot, surroundings
from proofs.bench.contenders import Taken
from proofs.bench.speed import spreads


def _parts(place, sources):
    for part in page.PARTS:
        page.keep(part, {"about": {"sources": sources}})


def test_a_page_on_other_sources_is_stale(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(page, "RESULTS", tmp_path)
    assert page.check() == 1
    _parts(tmp_path, surroundings.digest())
    assert page.check() == 0
    _parts(tmp_path, "others")
    assert page.check() == 1
    assert "startup was measured on others" in capsys.readouterr().out


def test_ratios_are_to_the_limit_on_the_same_history():
    def cell(contender, *walls):
        taken = spreads([Taken(wall, 1, 1) for wall in walls])
        place = {"history": "h", "case": page.FRESH, "surroundings": "s"}
        return place | {"contender": contender, "taken": taken, "failed": ""}

    content = {
        "contenders": [{"key": key, "label": key, "note": ""} for key in ("limit", "lockstep")],
        "cells": [cell("limit", 9, 10, 30), cell("lockstep", 5, 20, 40)], "counted": [],
    }
    assert page._ratios(content, "s", page.FRESH)["lockstep"] == {"h": (2.0, 0.5, 4.0)}
    assert "| lockstep | 20.0 (5.0 to 40.0) **[2.00]** |" in page.speed_tables(content)


def test_a_plot_has_a_dot_for_each_history():
    rows = [("one", {"a": (1.0, 0.9, 1.2), "b": (2.0, 2.0, 2.0)}), ("<two>", {"a": (0.5, 0.4, 0.6)})]
    tree = ElementTree.fromstring(plot.ratios("title", [("near", rows)], ["a", "b"]))
    titled = [circle for circle in tree.iter("{http://www.w3.org/2000/svg}circle") if len(circle)]
    assert len(titled) == 3
