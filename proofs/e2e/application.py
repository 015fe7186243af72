"""An application's repository: a project of Prisma's in git, and nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path


class Application:
    """A checkout of it, on the branch main."""

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout
        self.migrations = checkout / "prisma" / "migrations"
        self.migrations.mkdir(parents=True)
        (self.migrations / "migration_lock.toml").write_text('provider = "postgresql"\n')
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        """Runs git in the checkout, and returns what it printed."""
        author = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"]
        return subprocess.run(["git", *author, *arguments], cwd=self.checkout, check=True, stdout=subprocess.PIPE, text=True).stdout

    def commit(self, name: str, sql: str) -> str:
        """Commits a migration, a new one or another text of it, and returns the commit."""
        (self.migrations / name).mkdir(exist_ok=True)
        (self.migrations / name / "migration.sql").write_text(sql + "\n")
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", name)
        return self.git("rev-parse", "HEAD").strip()

    def begin_change(self) -> None:
        """Begins the branch of a pull request. What main has by now is its base."""
        self.git("update-ref", "refs/remotes/origin/main", "HEAD")
        self.git("switch", "--quiet", "--create", "change")
