"""Drop-in for the AlertManager of the Auralis monitoring spec: the same names, and every alert reaches the hub.

The hub routes alerts on: to webhooks, mail and the like, as its configuration says.
"""

import logging
from enum import Enum

from .hub import default_hub

logger = logging.getLogger("auralis.alerts")

# What the hub takes, in characters.
MAX_TITLE = 200
MAX_MESSAGE = 2000


class AlertSeverity(Enum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class AlertManager:
    """Sends alerts to the hub. `webhook_url` is kept and not called: the hub's notifiers do that, with retries."""

    def __init__(self, webhook_url: "str | None" = None, *, hub=None):
        self.webhook_url = webhook_url
        self._hub = hub

    def send_alert(self, severity: AlertSeverity, title: str, message: str):
        """Logs the alert and hands it to the hub, as one of its stream, without waiting for it.

        Args:
            severity: Alert severity level
            title: Short alert title; the hub keeps 200 characters
            message: Detailed message; the hub keeps 2,000 characters
        """
        logger.log(getattr(logging, severity.value.upper()), "ALERT: %s - %s", title, message)
        hub = self._hub or default_hub()
        body = {"severity": severity.value, "title": str(title)[:MAX_TITLE],
                "message": str(message)[:MAX_MESSAGE] or str(title)[:MAX_MESSAGE], "labels": {"stream": hub.stream}}
        hub.post("/api/v1/alerts", body)


alert_manager = AlertManager()
