"""RDS's root certificates, which the functions contain: their issuer, and their Regions."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch

import botocore.session
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from proofs.lint import paths

BUNDLE = paths.ROOT / "functions/database/rds-global-bundle.pem"

#: The digest of the file in the package that rds-global-bundle.txt names.
DIGEST = "e5bb2084ccf45087bda1c9bffdea0eb15ee67f0b91646106e466714f9de3c7e3"

#: A Region has a root for each of these keys.
KEYS = {"RSA2048 G1", "RSA4096 G1", "ECC384 G1"}

#: The partition of the bundle. In the other partitions RDS has trust stores of their own, and a stack needs DatabaseCaFile.
COVERED = "aws"


def roots() -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(BUNDLE.read_bytes())


def keys_by_region() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for root in roots():
        [name] = root.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        named = re.fullmatch(r"Amazon RDS (.+) Root CA (.+)", str(name.value))
        assert named, name
        found.setdefault(named[1], set()).add(named[2])
    return found


def regions(partition: str) -> list[str]:
    return botocore.session.get_session().get_available_regions("rds", partition)


def others() -> list[str]:
    partitions = botocore.session.get_session().get_available_partitions()
    return [region for partition in partitions if partition != COVERED for region in regions(partition)]


def test_the_bundle_is_the_published_one():
    assert hashlib.sha256(BUNDLE.read_bytes()).hexdigest() == DIGEST


@pytest.mark.parametrize("region", regions(COVERED))
def test_each_region_has_its_roots(region: str):
    assert keys_by_region().get(region) == KEYS


def test_each_is_a_root_that_stays_valid():
    in_a_year = datetime.now(UTC) + timedelta(days=365)
    for root in roots():
        assert root.issuer == root.subject
        assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert root.not_valid_before_utc < datetime.now(UTC) and root.not_valid_after_utc > in_a_year, root.subject


def test_none_is_there_twice():
    assert max(Counter(root.fingerprint(SHA256()) for root in roots()).values()) == 1


def patterns() -> list[str]:
    """Returns the patterns of Regions that need a file of their own, from docs/deploying.md."""
    [row] = [line for line in (paths.ROOT / "docs" / "deploying.md").read_text().splitlines() if line.startswith("| `DatabaseCaFile`")]
    return re.findall(r"`([a-z-]+\*)`", row)


@pytest.mark.parametrize("region", others())
def test_what_has_no_root_is_told(region: str):
    assert region not in keys_by_region()
    assert any(fnmatch(region, pattern) for pattern in patterns())


def test_what_has_roots_needs_no_file():
    assert [region for region in regions(COVERED) if any(fnmatch(region, pattern) for pattern in patterns())] == []
