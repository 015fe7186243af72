"""The arguments of SAM in a deployment to the local account."""

import re
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

from local import paths
from local.postgres import Embedded


def test_a_checkout_may_be_anywhere(tmp_path):
    """The template accepts only some paths."""
    state = tmp_path / "a directory's name" / ("long" * 20)
    state.mkdir(parents=True)
    embedded = Embedded(state)
    try:
        connection = embedded.start()
        connection.connect().close()
        parameter = yaml_parse(paths.TEMPLATE.read_text())["Parameters"]["DatabaseCaFile"]
        assert re.fullmatch(parameter["AllowedPattern"], connection.ca_file)
        assert len(connection.ca_file) <= parameter["MaxLength"]
    finally:
        embedded.remove()
    assert not Path(connection.ca_file).parent.exists()
