"""No deployed function has planted bugs: no manifest turns their feature on, and what builds for a deployment names none."""

import json
import tomllib

import pytest

from local import paths

FEATURE = "planted-bugs"

#: The only places of the feature: its own crate, and the functions that pass it on to that crate.
DECLARED = {
    "crates/engine/Cargo.toml": [],
    "functions/apply/Cargo.toml": ["engine/planted-bugs"],
    "functions/plan/Cargo.toml": ["engine/planted-bugs"],
}

#: All that decides how the functions are built for AWS and for the local stack.
BUILDS = (
    "Makefile", "template.yaml", "samconfig.toml", ".cargo/config.toml", "crates/cli/src/deploy/sam.rs", "local/deploy.py",
)


def manifests():
    members = tomllib.loads((paths.ROOT / "Cargo.toml").read_text())["workspace"]["members"]
    files = [file for member in (".", *members) for file in paths.ROOT.glob(f"{member}/Cargo.toml")]
    return {str(file.relative_to(paths.ROOT)): file.read_text() for file in files}


def turns_on(name, text):
    """Returns whether a manifest has the feature elsewhere than where it is declared. cargo-lambda also reads metadata."""
    manifest = tomllib.loads(text)
    declared = manifest.get("features", {}).pop(FEATURE, None)
    metadata = [part for part in ("package", "workspace") if "metadata" in manifest.get(part, {})]
    return declared != DECLARED.get(name) or FEATURE in json.dumps(manifest) or bool(metadata)


def test_no_manifest_turns_them_on():
    found = manifests()
    assert set(DECLARED) < set(found) and "Cargo.toml" in found
    assert not [name for name, text in found.items() if turns_on(name, text)]


@pytest.mark.parametrize(("name", "old", "new"), [
    ("crates/engine/Cargo.toml", "[features]", '[features]\ndefault = ["planted-bugs"]'),
    ("functions/apply/Cargo.toml", "[features]", '[features]\ndefault = ["engine/planted-bugs"]'),
    ("functions/plan/Cargo.toml", "engine = { workspace = true }", 'engine = { workspace = true, features = ["planted-bugs"] }'),
    ("functions/database/Cargo.toml", "[dependencies]", '[features]\nplanted-bugs = ["engine/planted-bugs"]\n[dependencies]'),
    ("functions/apply/Cargo.toml", "[dependencies]", "[package.metadata.lambda.build]\nall-features = true\n[dependencies]"),
    ("Cargo.toml", 'path = "crates/engine"', 'path = "crates/engine", features = ["planted-bugs"]'),
])
def test_a_manifest_that_turns_them_on_is_found(name, old, new):
    text = manifests()[name]
    assert text.count(old) == 1 and turns_on(name, text.replace(old, new))


@pytest.mark.parametrize("name", BUILDS)
def test_no_build_for_a_deployment_names_a_feature(name):
    text = (paths.ROOT / name).read_text().lower()
    assert text and "feature" not in text and FEATURE not in text
    assert not (paths.ROOT / "CargoLambda.toml").exists()
