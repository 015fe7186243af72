"""Every link leads somewhere: the links between the pages, and the pointers from the code and its messages to the pages."""

import re
import subprocess
from pathlib import Path

import pytest

from local import paths
from local.tests import pages

#: The files that may name a page. Markdown has links of its own.
SOURCES = ("*.json", "*.py", "*.rs", "*.toml", "*.yaml", "*.yml", "Makefile", "scripts/*")

#: A page of a docs/ folder or of the top, with or without a heading.
_POINTER = re.compile(r"((?:[\w-]+/)*docs/[\w-]+\.md|\b(?:ARCHITECTURE|CHANGELOG|CONTRIBUTING|SECURITY)\.md)(#[\w-]+)?")


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=paths.ROOT, capture_output=True, text=True, check=True)
    return [file for name in listed.stdout.split("\0") if name and (file := paths.ROOT / name).is_file()]


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```$|`[^`]*`", "", text, flags=re.MULTILINE | re.DOTALL)


def links(page: Path) -> list[str]:
    """Returns the targets of the page's links and pictures, without web addresses."""
    found = re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text()))
    return [target for target in found if not re.match(r"https?://", target)]


def anchors(page: Path) -> set[str]:
    """Returns the anchors that GitHub makes of the page's headings."""
    found: dict[str, int] = {}
    names = set()
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for heading in re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        names.add(f"{name}-{found[name]}" if name in found else name)
        found[name] = found.get(name, 0) + 1
    return names


def problem(page: Path, target: str) -> str | None:
    """Returns what is wrong with a link of the page; None if it is right."""
    name, _, anchor = target.partition("#")
    file = (page.parent / name).resolve() if name else page
    if not file.exists():
        return f"{target}: there is no {name}"
    if anchor and anchor not in anchors(file):
        return f"{target}: {file.name} has no heading {anchor}"
    return None


@pytest.mark.parametrize("page", tracked("*.md"), ids=lambda page: str(page.relative_to(paths.ROOT)))
def test_each_link_of_a_page_leads_somewhere(page: Path):
    assert [found for target in links(page) if (found := problem(page, target))] == []


def test_each_pointer_to_a_page_leads_somewhere():
    pointers, lost = 0, []
    for file in tracked(*SOURCES):
        for name, anchor in _POINTER.findall(file.read_text(errors="replace")):
            pointers += 1
            # Relative to the top, or to the crate that the page belongs to.
            places = [place / name for place in file.parents if place.is_relative_to(paths.ROOT)]
            known = [place for place in places if place.is_file()]
            if not known or (anchor and anchor[1:] not in anchors(known[0])):
                lost.append(f"{file.relative_to(paths.ROOT)}: {name}{anchor}")
    assert lost == []
    assert pointers > 5


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_each_place_that_a_page_names_is_there(page: str):
    files = [str(file.relative_to(paths.ROOT)) for file in tracked()]
    text = re.sub(r"^```.*?^```$", "", (paths.ROOT / page).read_text(), flags=re.MULTILINE | re.DOTALL)
    # Matched by the end of the path: a crate may be in a folder with others.
    places = re.findall(r"`((?:[\w-]+/)+(?:[\w-]+\.\w+)?)`", text)
    known = {part for file in files for part in _endings(file)}
    assert [place for place in places if place not in known] == []
    assert len(places) > 10


def _endings(file: str) -> list[str]:
    """Returns all endings of the paths of the file and its folders, as they look from each folder above."""
    parts = file.split("/")
    return ["/".join(parts[start:end]) + ("/" if end < len(parts) else "") for start in range(len(parts)) for end in range(start + 1, len(parts) + 1)]


def test_each_page_of_the_guide_can_be_found_from_the_readme():
    readme = paths.ROOT / "README.md"
    linked = {(readme.parent / target.partition("#")[0]).resolve() for target in links(readme)}
    assert [page.name for page in pages.PAGES if page != readme and page not in linked] == []


def test_the_readme_is_short():
    assert len((paths.ROOT / "README.md").read_text().splitlines()) <= 150


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# A\n[to](#a)", None),
        ("# A `b`, and C's\n[to](#a-b-and-cs)", None),
        ("# A\n# A\n[to](#a-1)", None),
        ("# A\n[to](#b)", "#b: page.md has no heading b"),
        ("```\n# A\n```\n[to](#a)", "#a: page.md has no heading a"),
        ("[to](other.md)", "other.md: there is no other.md"),
    ],
)
def test_a_link_that_leads_nowhere_is_found(text: str, found: str | None, tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(text)
    [target] = links(page)
    assert problem(page, target) == found
