import http from 'k6/http';
import { check } from 'k6';
import { settings } from './settings.js';

// The products and accounts of the load test. They have ids of their own, so a run changes neither the demo data nor the
// products and accounts of others; a later run reuses them.

const CURRENCY = 'KRW';
const STOCK = 1000000000;
const DEPOSIT = 1000000000000;
// One account in fifty cannot pay, so that compensation is part of the load, and of the thirty orders of smoke.
const isPenniless = (index) => !settings.userId && index % 50 === 10;
const REQUESTS_AT_ONCE = 50;

const productId = (index) => `k6-p${index}`;
const unitPrice = (index) => 1000 + (index % 100) * 10;
const userId = (index) => settings.userId || `k6-u${index}`;
const userCount = settings.userId ? 1 : settings.users;

export const headers = {
    'Content-Type': 'application/json',
    ...(settings.token ? { Authorization: `Bearer ${settings.token}` } : {}),
};

/**
 * The order of the given number: accounts take turns, products are drawn at random.
 *
 * @returns {{body: object, total: number, outcome: string}} with the expected total, and the expected status or reason
 */
export function orderOf(number) {
    const user = number % userCount;
    const drawn = new Map();
    for (let lines = 1 + (number % 3); lines > 0; lines--) {
        drawn.set(Math.floor(Math.random() * settings.products), 1 + Math.floor(Math.random() * 3));
    }
    const lines = [...drawn];
    return {
        body: { userId: userId(user), items: lines.map(([product, qty]) => ({ productId: productId(product), qty })) },
        total: lines.reduce((sum, [product, qty]) => sum + unitPrice(product) * qty, 0),
        outcome: isPenniless(user) ? 'PAYMENT_DECLINED' : 'CONFIRMED',
    };
}

/** Puts the products in stock and opens the accounts. Safe to repeat: stock is set, and a deposit is made once for each account. */
export function seed() {
    const products = upTo(settings.products).map((index) => ({
        method: 'PUT',
        url: `${settings.inventoryUrl}/products/${productId(index)}`,
        body: {
            name: `Load test product ${index}`,
            unitPrice: { amount: unitPrice(index), currency: CURRENCY },
            available: STOCK,
        },
        headers,
        name: 'PUT /products/{id}',
    }));
    const accounts = upTo(userCount).map((index) => ({
        method: 'POST',
        url: `${settings.paymentUrl}/accounts/${userId(index)}/deposits`,
        body: { amount: isPenniless(index) ? 1 : DEPOSIT, currency: CURRENCY },
        headers: { ...headers, 'Idempotency-Key': `k6-deposit-${userId(index)}` },
        name: 'POST /accounts/{userId}/deposits',
    }));
    const requests = products.concat(accounts);
    for (let first = 0; first < requests.length; first += REQUESTS_AT_ONCE) {
        send(requests.slice(first, first + REQUESTS_AT_ONCE));
    }
}

function send(requests) {
    const responses = http.batch(
        requests.map(({ method, url, body, headers, name }) => ({
            method,
            url,
            body: JSON.stringify(body),
            params: { headers, tags: { name }, timeout: `${settings.requestTimeout}s` },
        })),
    );
    for (const response of responses) {
        if (!check(response, { 'product or account is seeded': ({ status }) => status === 200 || status === 201 })) {
            throw new Error(`cannot seed ${explain(response)}`);
        }
    }
}

/** Fails unless the order service answers, so that a run against nothing ends at once. */
export function requireOrderService() {
    const response = http.get(`${settings.orderUrl}/orders?limit=1&userId=${encodeURIComponent(userId(0))}`, {
        headers,
        tags: { name: 'GET /orders' },
        timeout: `${settings.requestTimeout}s`,
    });
    if (response.status !== 200) {
        throw new Error(`the order service is not available: ${explain(response)}`);
    }
}

function explain({ request, status, error, body }) {
    const hint = status === 401 || status === 403 ? '; see --token' : '';
    return `${request.method} ${request.url}: ${status || error} ${status ? String(body).slice(0, 500) : ''}${hint}`;
}

const upTo = (count) => Array.from({ length: count }, (unused, index) => index);
