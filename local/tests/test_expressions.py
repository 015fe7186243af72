"""JSONata as Step Functions evaluates it."""

import pytest

from local.stepfunctions.expressions import ExpressionFailed, evaluate

RUN = {"run": {"nothing": None, "items": [1, None, {"name": 'a "quoted" \\ name'}], "one": [7]}}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$run.nothing", None),
        ("$exists($run.nothing)", True),
        ("$exists($run.missing)", False),
        ("$run.items[2].name", 'a "quoted" \\ name'),
        ("$run.items[$ = 1]", 1),
        ("$merge([$run, {'one': 1}]).one", 1),
        ('$parse(\'{"a": [1, null]}\').a', [1, None]),
        ("$partition([1, 2, 3], 2)", [[1, 2], [3]]),
        ("$range(1, 5, 2)", [1, 3, 5]),
        ("$hash('a', 'MD5')", "0cc175b9c0f1b6a831c399e269772661"),
        ("$length($uuid())", 36),
        ("$random() < 1", True),
        ("$toMillis('2026-01-02T03:04:05.678Z')", 1767323045678),
        ("($local := 3; $local + 1)", 4),
    ],
)
def test_yields(expression, value):
    assert evaluate(expression, RUN) == value


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("$run.missing", "undefined"),
        ("$never", "$never is not defined"),
        ("$exists($never)", "$never is not defined"),
        ("$eval('1')", "$eval is not defined"),
        ("$parse('no JSON')", "error during evaluation"),
        ("function($x){$x}", "unsupported result type"),
        ("1 +", "error during evaluation"),
    ],
)
def test_fails(expression, reason):
    with pytest.raises(ExpressionFailed) as failure:
        evaluate(expression, RUN)
    assert reason in str(failure.value)


def test_changes_no_variable():
    variables = {"run": {"list": [1]}}
    evaluate("$append($run.list, 2)", variables)
    evaluate("$run ~> |$|{'list': 0}|", variables)
    assert variables == {"run": {"list": [1]}}
