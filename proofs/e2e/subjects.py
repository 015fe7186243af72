"""The exact subjects of the mails: people filter their mails by them."""


def successful(environment: str = "dev") -> str:
    return f"✓ Database Migration Successful ({environment})"


def failed(environment: str = "dev") -> str:
    return f"✗ Database Migration Failed ({environment})"


def awaiting(environment: str = "prod") -> str:
    return f"⏸ Database Migration Awaiting Approval ({environment})"


def approved(environment: str = "prod") -> str:
    return f"▶ Database Migration Approved ({environment})"


def rejected(environment: str = "prod") -> str:
    return f"✗ Database Migration Rejected ({environment})"


def expired(environment: str = "prod") -> str:
    return f"✗ Database Migration Expired ({environment})"


def not_needed(environment: str = "dev") -> str:
    return f"✓ Database Migration Not Needed ({environment})"


def baselined(environment: str = "dev") -> str:
    return f"✓ Database Migration Baselined ({environment})"


def resolved(environment: str = "dev") -> str:
    return f"✓ Database Migration Resolved ({environment})"
