"""Drop-in for the AlertManager of the Auralis monitoring spec: the same names, and every alert reaches the hub.

The hub routes alerts on: to webhooks, mail and the like, as its configuration says.
"""

import logging
from enum import Enum
from typing import Any, Optional

from .hub import AnyHub, default_hub

logger = logging.getLogger("auralis.alerts")

# What the hub takes, in characters; a key is as long as a title.
MAX_TITLE = 200
MAX_MESSAGE = 2000


class AlertSeverity(Enum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class AlertManager:
    """Sends alerts to the hub. `webhook_url` is kept and not called: the hub's notifiers do that, with retries."""

    def __init__(self, webhook_url: Optional[str] = None, *, hub: Optional[AnyHub] = None) -> None:
        self.webhook_url = webhook_url
        self._hub = hub

    def send_alert(
        self,
        severity: AlertSeverity,
        title: str,
        message: str,
        *,
        key: Optional[str] = None,
        lasts_s: Optional[int] = None,
    ) -> None:
        """Log the alert and hand it to the hub, as one of its stream, without waiting for it.

        Args:
            severity: Alert severity level
            title: Short alert title; the hub keeps 200 characters
            message: Detailed message; the hub keeps 2,000 characters
            key: Names the alert, to send it again and to resolve it; its title unless given
            lasts_s: Seconds until it is over if it is not sent again; an hour unless given
        """
        logger.log(getattr(logging, severity.value.upper()), "ALERT: %s - %s", title, message)
        hub = self._hub or default_hub()
        body: dict[str, Any] = {
            "severity": severity.value,
            "title": str(title)[:MAX_TITLE],
            "message": str(message)[:MAX_MESSAGE] or str(title)[:MAX_MESSAGE],
            "labels": {"stream": hub.stream},
            "key": _key(title if key is None else key),
        }
        if lasts_s is not None:
            body["lastsS"] = lasts_s
        hub.post("/api/v1/alerts", body)

    def resolve_alert(self, key: str) -> None:
        """End the alert that was sent with this key, or with this title if it had no key."""
        logger.info("RESOLVED: %s", key)
        hub = self._hub or default_hub()
        hub.post("/api/v1/alerts/resolve", {"key": _key(key), "stream": hub.stream})


def _key(text: str) -> str:
    return str(text)[:MAX_TITLE]


alert_manager = AlertManager()
