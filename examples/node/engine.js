#!/usr/bin/env node
// An engine in Node that tells the hub how its work goes: `node examples/node/engine.js`, after a build.
// AURALIS_HUB_URL and AURALIS_STREAM say where to.
import { AlertManager, AlertSeverity, metricsCollector } from '../../client/dist/index.js';

const PHRASE_SEC = 8;
const alerts = new AlertManager(metricsCollector.sender);

/** Stands for the making of a phrase. */
async function synthesise(ms) {
  const id = metricsCollector.recordSynthesisStart();
  await new Promise((resolve) => setTimeout(resolve, ms));
  metricsCollector.recordSynthesisEnd(ms < 300, PHRASE_SEC, id);
}

// They overlap; the slowest fails.
await Promise.all([100, 200, 50, 400].map(synthesise));
for (let chunk = 0; chunk < 80; chunk++) metricsCollector.recordChunkSent();
metricsCollector.recordChunkDropped();
metricsCollector.takeSnapshot(310, 5, 2);
if (metricsCollector.totalSynthesisErrors > 0) {
  alerts.sendAlert(AlertSeverity.ERROR, 'Synthesis failures', `${metricsCollector.totalSynthesisErrors} of 4`);
}
console.log(JSON.stringify(metricsCollector.getSummaryStats()));
// What waits is sent before the process ends.
