"""Bundles as another tool makes them, and the bucket that they are in."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping

from local import paths
from proofs.harness.deployed import Deployed


def zipped(files: Mapping[str, str]) -> bytes:
    """Returns a zip of these files, as Python's own library writes one."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def listing(bucket: str, machine: str) -> str:
    """Returns the commands of the page that ship a bundle with the AWS CLI alone, for this bucket and this state machine."""
    page = (paths.ROOT / "docs" / "bundles.md").read_text()
    [found] = [block for block in re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL) if "s3api put-object" in block]
    return found.replace("<ReportsBucketName>", bucket).replace("<StateMachineArn>", machine)


def digest_of(content: bytes) -> str:
    """Returns the name of a bundle with this content."""
    return hashlib.sha256(content).hexdigest()


class Bundles:
    """The bundles of a deployment."""

    def __init__(self, deployed: Deployed) -> None:
        self._s3 = deployed.stack.client("s3")
        self._bucket = deployed.deployment.outputs["ReportsBucketName"]

    def put(self, content: bytes) -> str:
        """Puts a bundle into the bucket, as the bucket's policy wants it. Returns its digest."""
        digest = digest_of(content)
        self._s3.put_object(Bucket=self._bucket, Key=_key(digest), Body=content, IfNoneMatch="*")
        return digest

    def replace(self, digest: str, content: bytes) -> None:
        """Puts other bytes under a digest. The bucket's policy refuses this."""
        self._s3.put_object(Bucket=self._bucket, Key=_key(digest), Body=content)

    def put_files(self, files: Mapping[str, str]) -> str:
        """Puts a bundle of these files into the bucket, and returns its digest."""
        return self.put(zipped(files))

    def hide(self, digest: str) -> None:
        """Deletes the object as a lifecycle rule does: its versions stay."""
        self._s3.delete_object(Bucket=self._bucket, Key=_key(digest))


def _key(digest: str) -> str:
    return f"bundles/{digest}.zip"
