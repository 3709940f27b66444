"""Sends to an Auralis hub in the background: nothing here ever makes the engine wait.

AURALIS_HUB_URL (http://127.0.0.1:8000) and AURALIS_STREAM (main) say where to, unless a Hub is made by hand; AURALIS_TOKEN is for a hub
that asks for one (role publisher).
"""

import atexit
import http.client
import json
import logging
import math
import os
import re
import threading
from collections import deque
from typing import Any, Callable, Optional, Union
from urllib.parse import quote, urlsplit

logger = logging.getLogger("auralis.hub")

# The hub takes as many in one request.
MAX_EVENTS = 1000
# Without a hub this is several minutes of an engine; then the oldest go, and are counted.
MAX_WAITING = 10_000
INTERVAL_S = 1.0
TIMEOUT_S = 5.0
MAX_BACKOFF_S = 30.0
# At exit nobody waits longer than this for a hub that does not answer.
FLUSH_S = 2.0
DEFAULT_URL = "http://127.0.0.1:8000"

STREAM_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}")

# An event or another body of the hub's API: whatever becomes JSON.
Event = dict[str, Any]
# Path and body of a request that waits.
Post = tuple[str, Any]


class Hub:
    """One hub and one stream. Thread-safe; the thread that sends starts with the first thing to send.

    `dropped` counts what was thrown away because too much was waiting, `refused` what the hub would not take. What goes
    wrong is logged once, until it goes well again.

    Raises ValueError for an address, a stream or a token that cannot be one.
    """

    def __init__(
        self,
        url: Optional[str] = None,
        stream: Optional[str] = None,
        *,
        token: Optional[str] = None,
        interval_s: float = INTERVAL_S,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        url = url or os.environ.get("AURALIS_HUB_URL") or DEFAULT_URL
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or parts.hostname is None:
            raise ValueError(f"AURALIS_HUB_URL: a URL like {DEFAULT_URL}, not {url!r}")
        self._url = url
        self._https = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._prefix = parts.path.rstrip("/")
        self.stream = stream or os.environ.get("AURALIS_STREAM") or "main"
        if STREAM_NAME.fullmatch(self.stream) is None:
            raise ValueError(f"AURALIS_STREAM: 1 to 64 of A-Z a-z 0-9 . _ -, not {self.stream!r}")
        self._events_path = f"{self._prefix}/api/v1/streams/{quote(self.stream, safe='')}/events"
        token = (token or os.environ.get("AURALIS_TOKEN") or "").strip()
        if not all("!" <= character <= "~" for character in token):
            raise ValueError("AURALIS_TOKEN: a token is of visible ASCII characters")
        self._headers = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
        self._interval_s = interval_s
        self._max_waiting = max_waiting
        self.dropped = 0
        self.refused = 0
        self._complaint = ""
        atexit.register(self.flush)
        self._begin()
        if hasattr(os, "register_at_fork"):
            # A child has no thread, and what waits is its parent's to send.
            os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self._changed = threading.Condition()
        self._events: deque[Event] = deque()
        self._latest: dict[str, Event] = {}
        self._posts: deque[Post] = deque()
        self._in_flight = False
        self._flushing = False
        self._backoff_s = 0.0
        self._thread: Optional[threading.Thread] = None

    def event(self, event: Event) -> None:
        """Sends an event of the engine (shared/PROTOCOL.md, "Events")."""
        self._put(self._events, _known(event))

    def latest(self, event: Event) -> None:
        """Sends an event of which only the last of its type says anything: a gauge, or a counter."""
        with self._changed:
            self._latest[event["type"]] = _known(event)
            self._start()

    def post(self, path: str, body: Any) -> None:
        """Sends `body` to a path of the hub, `/api/v1/alerts` say."""
        self._put(self._posts, (path, body))

    def flush(self, timeout: float = FLUSH_S) -> bool:
        """Waits until all is sent, `timeout` seconds at most. True: nothing waits any more."""
        with self._changed:
            if self._thread is None:
                return True
            self._flushing = True
            self._changed.notify_all()
            try:
                return self._changed.wait_for(lambda: not self._waits() and not self._in_flight, timeout)
            finally:
                self._flushing = False

    def _put(self, queue: deque[Any], item: Any) -> None:
        with self._changed:
            if len(self._events) + len(self._posts) >= self._max_waiting:
                self.dropped += 1
                (self._events or self._posts).popleft()
            queue.append(item)
            self._start()

    def _start(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="auralis-hub", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # The interpreter is about to end: nobody is left to send it.
                return
            self._thread = thread
        elif self._is_due():
            self._changed.notify_all()

    def _waits(self) -> bool:
        return bool(self._events or self._latest or self._posts)

    def _is_due(self) -> bool:
        """Before the interval is over? An alert is, and a full request, unless the hub could not be reached just now."""
        return self._flushing or (self._backoff_s == 0 and (bool(self._posts) or len(self._events) >= MAX_EVENTS))

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._is_due, timeout=max(self._interval_s, self._backoff_s))
                taken = self._take()
                self._in_flight = taken is not None
            is_done = taken is None or self._send(taken[0], taken[1])
            with self._changed:
                self._in_flight = False
                if taken is None or is_done:
                    self._backoff_s = 0.0
                else:
                    taken[2]()
                    self._backoff_s = min(MAX_BACKOFF_S, max(self._interval_s, self._backoff_s * 2))
                self._changed.notify_all()
                if self._flushing and not (is_done and self._waits()):
                    # Somebody waits for the end, but there is nothing to send, or nobody to take it: no hurry.
                    self._changed.wait(0.1)

    def _take(self) -> Optional[tuple[str, Any, Callable[[], None]]]:
        """What is to be sent next, and how to put it back: (path, body, again). None if nothing waits."""
        if self._posts:
            path, body = self._posts.popleft()
            return path, body, lambda: self._posts.appendleft((path, body))
        events = [self._events.popleft() for _ in range(min(len(self._events), MAX_EVENTS - len(self._latest)))]
        latest, self._latest = self._latest, {}
        if not events and not latest:
            return None

        def again() -> None:
            # What has come in the meantime is newer, and comes after.
            self._latest = {**latest, **self._latest}
            room = self._max_waiting - len(self._events) - len(self._posts)
            kept = events[max(0, len(events) - room):] if room > 0 else []
            self.dropped += len(events) - len(kept)
            self._events.extendleft(reversed(kept))

        return self._events_path, events + list(latest.values()), again

    def _send(self, path: str, body: Any) -> bool:
        """False: try again later."""
        try:
            status, answer = self._request(path, json.dumps(body, default=_plain).encode())
        except (OSError, http.client.HTTPException) as error:
            self._complain(f"no hub at {self._url}: {error}; events wait")
            return False
        except Exception as error:  # pylint: disable=broad-except
            # What cannot be sent never will be; the thread goes on.
            self._refuse(len(body) if isinstance(body, list) else 1, error)
            return True
        if status in (408, 429) or status >= 500:
            self._complain(f"{self._url} answered {status}; events wait")
            return False
        count = len(body) if isinstance(body, list) else 1
        if status >= 400:
            self._refuse(count, answer.get("detail", status))
        elif not answer:
            self._refuse(count, f"{self._url} is no hub: it answered {status} without JSON")
        elif answer.get("refused"):
            self._refuse(answer["refused"], answer["errors"][0]["message"] if answer.get("errors") else "")
        else:
            self._complaint = ""
        return True

    def _refuse(self, count: int, why: object) -> None:
        self.refused += count
        self._complain(f"the hub refuses what is sent: {why}")

    def _complain(self, why: str) -> None:
        """Log it once, and not with every request that fails for the same reason."""
        if why != self._complaint:
            logger.warning("%s", why)
        self._complaint = why

    def _request(self, path: str, payload: bytes) -> tuple[int, dict[str, Any]]:
        kind = http.client.HTTPSConnection if self._https else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=TIMEOUT_S)
        try:
            connection.request("POST", path if path == self._events_path else self._prefix + path, payload,
                               self._headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        try:
            answer = json.loads(text)
        except ValueError:
            answer = {}
        return response.status, answer if isinstance(answer, dict) else {}


def _known(event: Event) -> Event:
    """JSON has no NaN and no infinity: what is not known is None."""
    return {name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in event.items()}


def _plain(value: Any) -> Union[float, str, None]:
    """Numbers of other libraries, such as numpy's. What is none the hub refuses, alone and by its name."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return number if math.isfinite(number) else None


class NoHub:
    """Stands for the hub if the environment names none that could be reached: counts what it is given."""

    def __init__(self) -> None:
        self.stream = os.environ.get("AURALIS_STREAM") or "main"
        self.dropped = 0
        self.refused = 0

    def event(self, event: Event) -> None:
        self.dropped += 1

    def latest(self, event: Event) -> None:
        self.dropped += 1

    def post(self, path: str, body: Any) -> None:
        self.dropped += 1

    def flush(self, timeout: float = FLUSH_S) -> bool:
        return True


AnyHub = Union[Hub, NoHub]

_default: Optional[AnyHub] = None
_default_lock = threading.Lock()


def default_hub() -> AnyHub:
    """The hub that the environment names: one for the whole process. A wrong variable never ends an engine."""
    global _default
    with _default_lock:
        if _default is None:
            try:
                _default = Hub()
            except ValueError as error:
                logger.warning("nothing is sent. %s", error)
                _default = NoHub()
        return _default
