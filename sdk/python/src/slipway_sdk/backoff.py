from __future__ import annotations

import random
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

BASE_MS = 100
CAP_MS = 10_000
RETRY_AFTER_MAX_MS = 60_000
"""The longest pause that a server's Retry-After can ask for."""


def backoff_ms(failures: int, retry_after_ms: float = 0) -> float:
    """How long to wait before the next try: full jitter below a ceiling that doubles, and not before what the server asked for.

    Jitter keeps a thousand services from returning in the same moment.
    """
    ceiling = min(CAP_MS, BASE_MS * 2 ** min(failures, 16))
    return min(retry_after_ms, RETRY_AFTER_MAX_MS) + random.uniform(0, ceiling)


def parse_retry_after_ms(header: str | None) -> float:
    """`Retry-After` in seconds or as a date, in ms from now; 0 when it is absent or not readable."""
    if header is None:
        return 0
    if header.isdigit():
        return float(header[:9]) * 1000
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return 0
    if at.tzinfo is None:
        at = at.replace(tzinfo=timezone.utc)
    return max(0.0, (at - datetime.now(timezone.utc)).total_seconds() * 1000)
