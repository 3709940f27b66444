"""An engine that records what it does with the collector of the spec, and prints what the hub should show of it."""

import asyncio
import json
import sys
import threading
import time

from auralis.monitoring import alerts, metrics
from auralis.monitoring.alerts import AlertManager, AlertSeverity
from auralis.monitoring.metrics import MetricsCollector, metrics_collector

results = []


def synthesise(seconds, success=True, duration=22.0):
    metrics_collector.record_synthesis_start()
    time.sleep(seconds)
    results.append((success, *metrics_collector.record_synthesis_end(success, duration)))


async def synthesise_soon(seconds):
    metrics_collector.record_synthesis_start()
    await asyncio.sleep(seconds)
    results.append((True, *metrics_collector.record_synthesis_end(phrase_duration_sec=8.0)))


async def overlapping():
    await asyncio.gather(*(synthesise_soon(seconds) for seconds in (0.3, 0.1, 0.2)))


def main():
    assert isinstance(metrics_collector, MetricsCollector)
    assert metrics_collector.record_synthesis_end() is None, "an end without a start"
    threads = [threading.Thread(target=synthesise, args=(0.05 * n, n != 3)) for n in (4, 3, 2, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(overlapping())
    for _ in range(1234):
        metrics_collector.record_chunk_sent()
    for _ in range(7):
        metrics_collector.record_chunk_dropped()
    for depth in (2, 0, 1):
        metrics_collector.take_snapshot(buffer_depth_ms=310.0, active_clients=5, phrase_queue_depth=depth)
    AlertManager(webhook_url="https://example.org").send_alert(
        AlertSeverity.ERROR, "High Synthesis Error Rate", "Synthesis failures: 14.3%")
    alerts.alert_manager.send_alert(AlertSeverity.INFO, "x" * 300, "")
    alerts.alert_manager.send_alert(AlertSeverity.CRITICAL, "GPU memory", "full", key="gpu", lasts_s=600)
    alerts.alert_manager.send_alert(AlertSeverity.WARNING, "Slow disk", "90 %")
    for key in ("gpu", "Slow disk", "nothing"):
        alerts.alert_manager.resolve_alert(key)
    good = [(latency, rtf) for success, latency, rtf in results if success]
    json.dump({
        "successes": len(good),
        "failures": len(results) - len(good),
        "latencyMs": sum(latency for latency, _ in good) / len(good),
        "realTimeFactor": sum(rtf for _, rtf in good) / len(good),
        "stats": metrics_collector.get_summary_stats(),
        "prometheus": metrics_collector.export_prometheus(),
        "hub": metrics.default_hub().dropped,
    }, sys.stdout)


if __name__ == "__main__":
    main()
