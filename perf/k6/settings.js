// Everything that a run can be told. Only this file reads the environment; perf/k6/run sets the variables from its options.

const text = (name, fallback) => (__ENV[name] || '').trim() || fallback;

function whole(name, fallback, least, most) {
    const given = text(name);
    if (given === undefined) {
        return fallback;
    }
    const value = Number(given);
    if (!Number.isInteger(value) || value < least || value > most) {
        throw new Error(`${name} must be a whole number from ${least} to ${most}, but was "${given}"`);
    }
    return value;
}

function seconds(name, fallback, least, most) {
    const given = text(name);
    if (given === undefined) {
        return fallback;
    }
    const parts = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(given);
    const value = parts ? Number(parts[1] || 0) * 3600 + Number(parts[2] || 0) * 60 + Number(parts[3] || 0) : NaN;
    if (!(value >= least && value <= most)) {
        throw new Error(`${name} must be a duration from ${least}s to ${most}s, such as 90s or 1h30m, but was "${given}"`);
    }
    return value;
}

const LOOPBACK = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/i;

function baseUrl(name) {
    const given = text(name);
    const parts = /^https?:\/\/(\[[0-9a-f:]+\]|[a-z0-9._-]+)(:\d{1,5})?(\/[^?#@]*)?$/i.exec(given || '');
    if (!parts) {
        throw new Error(`${name} must be an address such as http://127.0.0.1:8080, but was "${given || ''}"`);
    }
    // A load test of a system that other people use is an attack on it, so it takes more than a mistyped address.
    if (!LOOPBACK.test(parts[1]) && text('BEYOND_LOOPBACK') !== 'true') {
        throw new Error(
            `${given} is not an address of this machine. Add --beyond-loopback (BEYOND_LOOPBACK=true) to load it nevertheless`,
        );
    }
    return given.replace(/\/+$/, '');
}

export const settings = {
    profile: text('PROFILE', 'smoke'),
    orderUrl: baseUrl('ORDER_URL'),
    inventoryUrl: baseUrl('INVENTORY_URL'),
    paymentUrl: baseUrl('PAYMENT_URL'),
    token: text('TOKEN'),
    // Undefined where the profile decides.
    rate: whole('RATE', undefined, 1, 1000),
    duration: seconds('DURATION', undefined, 5, 86400),
    warmup: seconds('WARMUP', undefined, 0, 3600),
    slack: whole('SLACK', 1, 1, 100),
    requestTimeout: 20,
    orderTimeout: seconds('ORDER_TIMEOUT', 30, 1, 300),
    seed: text('SEED', 'true') !== 'false',
    products: whole('PRODUCTS', 100, 1, 10000),
    users: whole('USERS', 500, 1, 10000),
    userId: text('USER_ID'),
    // Where handleSummary puts the verdict that perf/k6/run adds to the report.
    verdictFile: text('VERDICT_FILE'),
};
