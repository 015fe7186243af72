"""What a binary consists of, as CycloneDX 1.6: the bill of materials beside it in the release."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID, uuid5

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from scripts.dist.crates import About, Crate, Graph, package
from scripts.dist.project import LICENCE, Project
from scripts.setup import ROOT

#: The space of names in which a binary's digest makes the document's serial number.
_NAMESPACE = UUID("0b1f3c52-6a0e-5d43-9a59-0c64d5a3f7c1")


def sbom(
    binary: str, content: bytes, project: Project, linked: Graph, all_used: Graph, known: Mapping[Crate, About]
) -> str:
    """Returns the document about a binary.

    `linked` has the crates whose code is in the binary, `all_used` also those that only ran while it was built. The scope of
    these is `excluded`.
    """
    digest = hashlib.sha256(content).hexdigest()
    root = linked.roots[package(binary)]
    within, everything = linked.below(root), all_used.below(root)
    components = {crate: _component(crate, known[crate], crate in within) for crate in sorted(everything | within)}
    standard = _standard_library()
    about = Component(
        type=ComponentType.APPLICATION, name=binary, version=project.version, bom_ref=binary,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)], licenses=[LicenseExpression(LICENCE)],
    )
    bom = Bom(
        components=[*components.values(), standard], serial_number=uuid5(_NAMESPACE, digest),
        metadata=BomMetaData(component=about, timestamp=datetime.fromtimestamp(project.epoch, UTC)),
    )
    uses = {crate: all_used.uses.get(crate, set()) | linked.uses.get(crate, set()) for crate in (root, *components)}
    bom.register_dependency(about, [standard, *(components[used] for used in sorted(uses[root]))])
    for crate, component in components.items():
        bom.register_dependency(component, [components[used] for used in sorted(uses[crate])])
    return f"{JsonV1Dot6(bom).output_as_string(indent=2)}\n"


def _component(crate: Crate, about: About, is_linked: bool) -> Component:
    # A crate of this repository is on no registry, so it has no address.
    address = PackageURL("cargo", name=crate.name, version=crate.version) if about.checksum else None
    return Component(
        type=ComponentType.LIBRARY, name=crate.name, version=crate.version, purl=address, description=about.description or None,
        bom_ref=str(address) if address else f"{crate.name}@{crate.version}",
        scope=ComponentScope.REQUIRED if is_linked else ComponentScope.EXCLUDED,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=about.checksum)] if about.checksum else [],
        licenses=[LicenseExpression(about.licence)] if about.licence else [],
    )


def _standard_library() -> Component:
    """Returns Rust's own library, of which no lock file has a word."""
    version = tomllib.loads((ROOT / "rust-toolchain.toml").read_text())["toolchain"]["channel"]
    return Component(
        type=ComponentType.LIBRARY, name="std", version=version, description="Rust's standard library", bom_ref=f"std@{version}",
        purl=PackageURL("generic", name="rust-std", version=version), scope=ComponentScope.REQUIRED,
        licenses=[LicenseExpression("MIT OR Apache-2.0")],
    )
