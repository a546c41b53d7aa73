import { requireOrderService, seed } from './catalogue.js';
import { profile } from './profiles.js';
import { settings } from './settings.js';

export { placeOrder } from './scenario.js';
export { handleSummary } from './summary.js';

export const options = {
    scenarios: profile.scenarios,
    thresholds: profile.thresholds,
    setupTimeout: '3m',
    batch: 10,
    batchPerHost: 10,
    // A redirect could lead the load to another host.
    maxRedirects: 0,
    userAgent: 'lockstep-k6',
    summaryTrendStats: ['med', 'p(90)', 'p(95)', 'p(99)', 'max'],
};

export function setup() {
    requireOrderService();
    if (settings.seed) {
        seed();
    }
    // Distinguishes the idempotency keys of this run from those of others, and lets the summary tell how long it injected.
    return { begin: Date.now() };
}
