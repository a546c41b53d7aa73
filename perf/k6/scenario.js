import exec from 'k6/execution';
import http from 'k6/http';
import { check, sleep } from 'k6';
import { Counter, Rate, Trend } from 'k6/metrics';
import { headers, orderOf } from './catalogue.js';
import { settings } from './settings.js';

const FIRST_POLL_AFTER_SECONDS = 0.02;
const POLL_BACKOFF = 1.5;
const LONGEST_POLL_PAUSE_SECONDS = 1;

// The customer or the stock is the reason, not the system.
const REJECTIONS = ['OUT_OF_STOCK', 'UNKNOWN_PRODUCT', 'MIXED_CURRENCIES', 'PAYMENT_DECLINED'];

const timeToAccepted = new Trend('time_to_accepted', true);
const timeToConfirmed = new Trend('time_to_confirmed', true);
const timeToConfirmedRecorded = new Trend('time_to_confirmed_recorded', true);
const polls = new Trend('polls_per_order');
const accepted = new Counter('orders_accepted');
const refused = new Counter('orders_refused');
const confirmed = new Counter('orders_confirmed');
const rejected = new Counter('orders_rejected');
const cancelled = new Counter('orders_cancelled');
const unfinished = new Counter('orders_unfinished');
const asExpected = new Rate('orders_as_expected');

/** Places an order and polls it until it has ended. */
export function placeOrder({ begin }) {
    const number = exec.scenario.iterationInTest;
    const order = orderOf(number);
    const placed = place(order, `k6-${begin}-${exec.scenario.name}-${number}`);
    const ended = placed && pollUntilEnded(placed);
    asExpected.add(Boolean(ended) && (ended.reason || ended.status) === order.outcome);
    if (ended) {
        count(ended, placed);
        checkOutcome(ended, placed, order);
    }
}

/** Returns the accepted order with the time of its 202, or undefined if the order was refused. */
function place(order, idempotencyKey) {
    const response = http.post(`${settings.orderUrl}/orders`, JSON.stringify(order.body), {
        headers: { ...headers, 'Idempotency-Key': idempotencyKey },
        tags: { name: 'POST /orders' },
        timeout: `${settings.requestTimeout}s`,
        responseCallback: http.expectedStatuses(202),
    });
    const acceptedAt = Date.now();
    if (response.status !== 202) {
        refused.add(1, { reason: String(response.status || response.error_code) });
        return undefined;
    }
    accepted.add(1);
    timeToAccepted.add(response.timings.duration);
    const placed = json(response);
    check(response, {
        'accepted order has an id and its location': ({ headers }) =>
            Boolean(placed.orderId) && headers.Location === `/orders/${placed.orderId}`,
        'accepted order is pending': () => placed.status === 'PENDING' && Number.isFinite(Date.parse(placed.createdAt)),
        'accepted order is the one that was sent': () =>
            placed.userId === order.body.userId && sameItems(placed.items, order.body.items),
    });
    return placed.orderId ? { orderId: placed.orderId, acceptedAt } : undefined;
}

/** Returns the order once it is confirmed or cancelled, or undefined if it takes longer than ORDER_TIMEOUT. */
function pollUntilEnded({ orderId, acceptedAt }) {
    const deadline = acceptedAt + settings.orderTimeout * 1000;
    let pause = FIRST_POLL_AFTER_SECONDS;
    for (let count = 1; Date.now() < deadline; count++) {
        sleep(pause);
        pause = Math.min(LONGEST_POLL_PAUSE_SECONDS, pause * POLL_BACKOFF);
        const response = http.get(`${settings.orderUrl}/orders/${orderId}`, {
            headers,
            tags: { name: 'GET /orders/{id}' },
            timeout: `${settings.requestTimeout}s`,
            responseCallback: http.expectedStatuses(200),
        });
        const endedAt = Date.now();
        // Any other status is a failed request, which has a threshold; the order may be readable again a moment later.
        const order = response.status === 200 ? json(response) : {};
        if (order.status === 'CONFIRMED' || order.status === 'CANCELLED') {
            polls.add(count);
            return { ...order, endedAt };
        }
    }
    unfinished.add(1);
    return undefined;
}

function count(ended, { acceptedAt }) {
    if (ended.status === 'CONFIRMED') {
        confirmed.add(1);
        timeToConfirmed.add(ended.endedAt - acceptedAt);
        timeToConfirmedRecorded.add(Date.parse(ended.updatedAt) - Date.parse(ended.createdAt));
    } else if (REJECTIONS.includes(ended.reason)) {
        rejected.add(1, { reason: ended.reason });
    } else {
        cancelled.add(1, { reason: String(ended.reason) });
    }
}

function checkOutcome(ended, placed, order) {
    check(ended, {
        'ended order is the one that was accepted': ({ orderId, userId, items }) =>
            orderId === placed.orderId && userId === order.body.userId && sameItems(items, order.body.items),
        'confirmed order has the total of its items, any other order a reason': ({ status, total, reason }) =>
            status === 'CONFIRMED' ? Boolean(total) && total.amount === order.total && !reason : Boolean(reason),
    });
}

const sameItems = (some, others) =>
    Array.isArray(some) &&
    some.length === others.length &&
    some.every(({ productId, qty }, at) => productId === others[at].productId && qty === others[at].qty);

function json(response) {
    try {
        return response.json() || {};
    } catch {
        // The checks of the members then fail.
        return {};
    }
}
