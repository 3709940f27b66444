/**
 * The class of the monitoring specification, section 5.1, as it is. Pages out there have it, so the hub must
 * understand it.
 */
export const SPEC_CLIENT_METRICS = `
// client/metrics.js

class ClientMetrics {
    constructor() {
        this.chunksReceived = 0;
        this.chunkErrors = 0;
        this.bufferUnderruns = 0;
        this.latencySamples = [];
    }

    recordChunkReceived(timestamp) {
        this.chunksReceived++;

        // Calculate latency (if server includes timestamp)
        const now = Date.now();
        const serverTime = new Date(timestamp).getTime();
        const latency = now - serverTime;

        this.latencySamples.push(latency);

        // Keep only last 100 samples
        if (this.latencySamples.length > 100) {
            this.latencySamples.shift();
        }
    }

    recordChunkError() {
        this.chunkErrors++;
    }

    recordBufferUnderrun() {
        this.bufferUnderruns++;
    }

    getStats() {
        const avgLatency = this.latencySamples.length > 0
            ? this.latencySamples.reduce((a, b) => a + b, 0) / this.latencySamples.length
            : 0;

        return {
            chunksReceived: this.chunksReceived,
            chunkErrors: this.chunkErrors,
            bufferUnderruns: this.bufferUnderruns,
            avgLatencyMs: avgLatency,
            errorRate: this.chunkErrors / Math.max(this.chunksReceived, 1),
        };
    }

    // Send metrics to server periodically
    async sendToServer(ws) {
        const stats = this.getStats();

        ws.send(JSON.stringify({
            type: 'client_metrics',
            metrics: stats,
        }));
    }
}
`;
