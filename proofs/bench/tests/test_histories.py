"""The generated histories and their layouts."""

from proofs.bench.histories import History, Layouts, Script, generated


def test_a_seed_decides_the_history():
    assert generated(100, 1) == generated(100, 1) != generated(100, 2)
    assert len(generated(100, 1).scripts) == 100


def test_a_long_history_has_every_kind_of_change():
    text = "".join(script.text for script in generated(1_000, 1).scripts)
    pieces = (
        "CONSTRAINT", "ADD COLUMN", 'CREATE INDEX "', "CREATE INDEX CONCURRENTLY", "AS ENUM", "ADD VALUE", "INSERT", "UPDATE",
        "FOREIGN KEY", "CREATE VIEW", "CREATE FUNCTION", "COMMENT ON",
    )
    for piece in pieces:
        assert piece in text


def test_what_needs_no_transaction_is_seen_and_words_in_functions_and_comments_are_not():
    def both(text: str) -> tuple[bool, bool]:
        script = Script("name", text)
        return script.outside, script.no_transaction

    assert both("CREATE INDEX CONCURRENTLY i ON t(a)") == (True, True)
    assert both("BEGIN;\nSELECT 1;\nCOMMIT;") == (True, True)
    assert both("ALTER TYPE t ADD VALUE 'x'") == (True, False)
    assert both("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n RETURN 1;\nEND $$") == (False, False)
    assert both("-- not CONCURRENTLY\nSELECT 1") == (False, False)


def test_every_tool_gets_the_same_scripts_and_what_was_added_can_be_taken_back(tmp_path):
    history = History("two", (Script("a", "SELECT 1;\n"), Script("b", "VACUUM;\n")))
    layouts = Layouts(history, tmp_path)
    layouts.add()
    assert [len(list(place.iterdir())) for place in (layouts.prisma, layouts.sqlx, layouts.dbmate)] == [3, 3, 3]
    assert [line.startswith("outside\t") for line in layouts.listed(3).read_text().splitlines()] == [False, True, False]
    assert len(layouts.listed(1).read_text().splitlines()) == 1
    layouts.take_back()
    _, second = sorted(layouts.sqlx.iterdir())
    assert second.read_text() == "-- no-transaction\nVACUUM;\n"
    _, second = sorted(layouts.dbmate.iterdir())
    assert second.read_text() == "-- migrate:up transaction:false\nVACUUM;\n\n-- migrate:down\n"
    assert [place.name for place in sorted(layouts.prisma.iterdir())] == ["20260101000000_a", "20260101000001_b"]
