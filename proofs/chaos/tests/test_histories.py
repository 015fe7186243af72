"""Generated histories: always the same for a seed, with every kind of statement."""

import pytest

from proofs.chaos import histories
from proofs.chaos.histories import MARK, SCRIPTS


def texts(seed, number, place):
    history = histories.generated(seed, number, place)
    return [(name, history.script(name)) for name in history.migrations]


def test_a_seed_decides_everything(tmp_path):
    assert texts(1, 3, tmp_path / "a") == texts(1, 3, tmp_path / "b")
    assert texts(1, 3, tmp_path / "c") != texts(2, 3, tmp_path / "d")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_few_histories_have_every_kind_of_script(seed, tmp_path):
    written = {name.split("_", 1)[1] for number in range(8) for name, _ in texts(seed, number, tmp_path)}
    expected = {file.stem.split("_", 1)[1] for file in (SCRIPTS / "chapters").rglob("*.sql")}
    assert written == expected | {"start"}


def test_every_script_shows_how_often_it_ran(tmp_path):
    for number in range(8):
        for name, text in texts(1, number, tmp_path):
            assert MARK not in text and "NN" not in text
            alone = ("CONCURRENTLY", "VACUUM", "ADD VALUE", "-- nothing to do", "CREATE TABLE public.trace")
            assert f"INSERT INTO public.trace VALUES ('{name}')" in text or any(word in text for word in alone), name
