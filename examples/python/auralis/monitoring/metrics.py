"""Drop-in for the MetricsCollector of the Auralis monitoring spec: the same names, and what is recorded reaches the hub.

What it answers by itself is computed as the spec means it: a rate is failures ÷ attempts, a mean is over what was
reported, and what was never reported is left out rather than 0. Percentages of CPU are the host's, as in the spec, but
since the last snapshot, so that nobody waits for them; on systems other than Linux those of this process.
"""

import contextvars
import itertools
import logging
import math
import os
import threading
import time
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Dict, Iterable, Optional

from .hub import AnyHub, default_hub

logger = logging.getLogger("auralis.metrics")

RECENT_SYNTHESES = 10
RECENT_SNAPSHOTS = 100
# A synthesis that was never ended is forgotten when so many others are under way.
MAX_PENDING = 256

# The synthesis that this thread, or this task of asyncio, has started last.
_current: "contextvars.ContextVar[Optional[str]]" = contextvars.ContextVar("auralis_synthesis", default=None)


@dataclass
class MetricsSnapshot:
    """Single point-in-time metrics snapshot. NaN: not known."""

    timestamp: datetime
    synthesis_latency_ms: float
    real_time_factor: float
    buffer_depth_ms: float
    active_clients: int
    phrase_queue_depth: int
    cpu_percent: float
    memory_mb: float
    chunks_sent: int
    chunks_dropped: int


class MetricsCollector:
    """Centralized metrics collection and aggregation. Thread-safe; nothing here waits for the hub."""

    def __init__(self, history_size: int = 1000, *, hub: Optional[AnyHub] = None) -> None:
        """
        Args:
            history_size: Number of snapshots to keep in memory
            hub: A Hub of one's own; by default the one that the environment names
        """
        self.history: deque[MetricsSnapshot] = deque(maxlen=history_size)
        self.total_phrases_generated = 0
        self.total_synthesis_errors = 0
        self.total_chunks_sent = 0
        self.total_chunks_dropped = 0
        self._given_hub = hub
        self._lock = threading.Lock()
        # Syntheses under way, the oldest first.
        self._pending: "OrderedDict[str, float]" = OrderedDict()
        self._numbers = itertools.count(1)
        self._latencies: deque[float] = deque(maxlen=RECENT_SYNTHESES)
        self._real_time_factors: deque[float] = deque(maxlen=RECENT_SYNTHESES)
        self._process = ProcessReadings()
        logger.info("MetricsCollector initialized")

    @property
    def _hub(self) -> AnyHub:
        return self._given_hub or default_hub()

    def record_synthesis_start(self) -> None:
        """Mark start of synthesis operation. Several may be under way, in threads or in tasks of asyncio."""
        synthesis = f"{os.getpid()}-{id(self):x}-{next(self._numbers)}"
        with self._lock:
            self._pending[synthesis] = time.perf_counter()
            if len(self._pending) > MAX_PENDING:
                self._pending.popitem(last=False)
        _current.set(synthesis)
        self._hub.event({"type": "synthesis_start", "id": synthesis})

    def record_synthesis_end(
        self, success: bool = True, phrase_duration_sec: float = 22.0
    ) -> Optional[tuple[float, float]]:
        """
        Record synthesis completion: of the synthesis that this thread or task has started, or else of the oldest.

        Args:
            success: Whether synthesis succeeded
            phrase_duration_sec: Duration of rendered phrase

        Returns:
            (latency in ms, real-time factor), or None without a start
        """
        ended_at = time.perf_counter()
        with self._lock:
            synthesis = _current.get()
            if synthesis not in self._pending:
                synthesis = next(iter(self._pending), None)
            if synthesis is None:
                logger.warning("Synthesis end recorded without start")
                return None
            elapsed = ended_at - self._pending.pop(synthesis)
            latency_ms = elapsed * 1000
            rtf = phrase_duration_sec / elapsed if elapsed > 0 else 0
            if success:
                self.total_phrases_generated += 1
                # How fast a failure was says nothing.
                self._latencies.append(latency_ms)
                self._real_time_factors.append(rtf)
            else:
                self.total_synthesis_errors += 1
        _current.set(None)
        self._hub.event({
            "type": "synthesis_end",
            "id": synthesis,
            "success": bool(success),
            "latencyMs": latency_ms,
            "phraseDurationSec": phrase_duration_sec,
        })
        logger.debug("Synthesis: %.0fms (%.1f× real-time)", latency_ms, rtf)
        return latency_ms, rtf

    def record_chunk_sent(self) -> None:
        """Record successful chunk send."""
        with self._lock:
            self.total_chunks_sent += 1
            self._tell_chunks()

    def record_chunk_dropped(self) -> None:
        """Record dropped chunk (client queue full)."""
        with self._lock:
            self.total_chunks_dropped += 1
            self._tell_chunks()

    def _tell_chunks(self) -> None:
        # Counters: of any number of chunks between two messages, the last says all.
        self._hub.latest({"type": "chunks", "sent": self.total_chunks_sent, "dropped": self.total_chunks_dropped})

    def take_snapshot(
        self,
        buffer_depth_ms: float,
        active_clients: int,
        phrase_queue_depth: int,
    ) -> MetricsSnapshot:
        """
        Take a snapshot of current metrics, and tell the hub.

        Args:
            buffer_depth_ms: Current audio buffer depth
            active_clients: Number of connected clients
            phrase_queue_depth: Phrases in composition queue

        Returns:
            MetricsSnapshot instance
        """
        hub = self._hub
        with self._lock:
            readings = self._process.read()
            snapshot = MetricsSnapshot(
                timestamp=datetime.now(timezone.utc).replace(tzinfo=None),
                synthesis_latency_ms=_mean(self._latencies),
                real_time_factor=_mean(self._real_time_factors),
                buffer_depth_ms=buffer_depth_ms,
                active_clients=active_clients,
                phrase_queue_depth=phrase_queue_depth,
                cpu_percent=readings.host_cpu_percent,
                memory_mb=readings.memory_mb,
                chunks_sent=self.total_chunks_sent,
                chunks_dropped=self.total_chunks_dropped,
            )
            self.history.append(snapshot)
        # Each depth in turn, as the hub counts how often the queue ran empty.
        hub.event({"type": "queue", "depth": phrase_queue_depth})
        hub.latest({"type": "buffer", "depthMs": buffer_depth_ms})
        hub.latest({"type": "clients", "active": active_clients})
        if not math.isnan(readings.process_cpu_percent + readings.memory_mb):
            hub.latest({
                "type": "process",
                "cpuPercent": readings.process_cpu_percent,
                "memoryMb": readings.memory_mb,
            })
        return snapshot

    def get_summary_stats(self) -> Dict[str, Any]:
        """
        Get aggregated summary statistics.

        Returns:
            Dictionary of summary metrics; empty before the first snapshot. What was never reported is left out.
        """
        with self._lock:
            if not self.history:
                return {}
            now = datetime.now(timezone.utc).replace(tzinfo=None)
            recent = list(self.history)[-RECENT_SNAPSHOTS:]
            attempts = self.total_phrases_generated + self.total_synthesis_errors
            chunks = self.total_chunks_sent + self.total_chunks_dropped
            stats = {
                "uptime_seconds": (now - self.history[0].timestamp).total_seconds(),
                "total_phrases_generated": self.total_phrases_generated,
                "total_synthesis_errors": self.total_synthesis_errors,
                "synthesis_error_rate": self.total_synthesis_errors / attempts if attempts else math.nan,
                "total_chunks_sent": self.total_chunks_sent,
                "total_chunks_dropped": self.total_chunks_dropped,
                "chunk_drop_rate": self.total_chunks_dropped / chunks if chunks else math.nan,
                "avg_synthesis_latency_ms": _mean(s.synthesis_latency_ms for s in recent),
                "avg_rtf": _mean(s.real_time_factor for s in recent),
                "avg_buffer_depth_ms": _mean(s.buffer_depth_ms for s in recent),
                "avg_cpu_percent": _mean(s.cpu_percent for s in recent),
                "avg_memory_mb": _mean(s.memory_mb for s in recent),
                "current_active_clients": recent[-1].active_clients,
            }
        return {name: value for name, value in stats.items() if not math.isnan(value)}

    def export_prometheus(self) -> str:
        """
        Export metrics in Prometheus format.

        Returns:
            Prometheus-formatted metrics string
        """
        stats = self.get_summary_stats()
        lines = []
        for name, kind, key, help_text in FAMILIES:
            if key not in stats:
                continue
            value = stats[key] if kind == "counter" or key == "current_active_clients" else f"{stats[key]:.2f}"
            lines += [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}", f"{name} {value}"]
        return "".join(f"{line}\n" for line in lines)


FAMILIES = (
    ("auralis_phrases_total", "counter", "total_phrases_generated", "Total phrases generated"),
    ("auralis_synthesis_errors_total", "counter", "total_synthesis_errors", "Total synthesis errors"),
    ("auralis_synthesis_latency_ms", "gauge", "avg_synthesis_latency_ms", "Average synthesis latency in milliseconds"),
    ("auralis_real_time_factor", "gauge", "avg_rtf", "Synthesis real-time factor"),
    ("auralis_buffer_depth_ms", "gauge", "avg_buffer_depth_ms", "Audio buffer depth in milliseconds"),
    ("auralis_active_clients", "gauge", "current_active_clients", "Number of active WebSocket clients"),
    ("auralis_cpu_percent", "gauge", "avg_cpu_percent", "CPU usage percentage"),
    ("auralis_memory_mb", "gauge", "avg_memory_mb", "Memory usage in megabytes"),
    ("auralis_chunks_sent_total", "counter", "total_chunks_sent", "Total audio chunks sent"),
    ("auralis_chunks_dropped_total", "counter", "total_chunks_dropped", "Total audio chunks dropped"),
)


@dataclass
class Readings:
    """NaN: not known."""

    host_cpu_percent: float
    process_cpu_percent: float
    memory_mb: float


class ProcessReadings:
    """CPU since the reading before (NaN at the first), and resident memory."""

    def __init__(self) -> None:
        self._before = self._times()

    def read(self) -> Readings:
        at, process_s, busy, total = self._times()
        at_before, process_before, busy_before, total_before = self._before
        # Less than this is too short for the kernel's ticks of 10 ms.
        if at - at_before < 0.1:
            return Readings(math.nan, math.nan, _memory_mb())
        self._before = (at, process_s, busy, total)
        process_percent = 100 * (process_s - process_before) / (at - at_before)
        host_percent = 100 * (busy - busy_before) / (total - total_before) if total > total_before else process_percent
        return Readings(host_percent, process_percent, _memory_mb())

    @staticmethod
    def _times() -> tuple[float, float, int, int]:
        """(now, seconds of CPU of this process, busy and all ticks of the host)."""
        try:
            with open("/proc/stat", encoding="ascii") as stat:
                ticks = [int(field) for field in stat.readline().split()[1:9]]
            busy, total = sum(ticks) - ticks[3] - ticks[4], sum(ticks)
        except (OSError, ValueError, IndexError):
            busy, total = 0, 0
        return time.monotonic(), time.process_time(), busy, total


def _memory_mb() -> float:
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (OSError, ValueError, IndexError):
        pass
    try:
        import resource
        import sys

        # The most there was, in KiB, or bytes on macOS.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    except ImportError:
        return math.nan


def _mean(values: Iterable[float]) -> float:
    """Of what is known; NaN where nothing is."""
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


# Global metrics collector
metrics_collector = MetricsCollector()
