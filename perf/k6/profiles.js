import { settings } from './settings.js';

// The injection profiles. Each is a list of phases that follow one another; a phase starts orders at a given rate, whether or
// not earlier orders have ended. A phase becomes a k6 scenario of the same name, so each phase has thresholds of its own.

// Latency limits in milliseconds for a system that shares two cores with k6.
const STEADY = { accepted: { p95: 100, p99: 250 }, confirmed: { p95: 500, p99: 1000 } };
const OVERLOADED = { accepted: { p95: 1000, p99: 2500 }, confirmed: { p95: 5000, p99: 10000 } };

// Each order in flight occupies a VU until it has ended. Beyond five seconds' worth of orders, or 700, k6 drops iterations, which
// fails the run. The phases together stay within the 1000 connections that a service accepts from one address.
const SECONDS_IN_FLIGHT = 5;
const MOST_VUS = 700;
// Thirty seconds of smoke, which may be the first load of cold services.
const LEAST_VUS = 60;

const PROFILES = {
    smoke: { rate: 2, duration: 15, warmup: 0, phases: ({ rate, duration }) => [hold('smoke', rate, duration, OVERLOADED)] },
    load: {
        rate: 50,
        duration: 120,
        warmup: 30,
        phases: ({ rate, duration, warmup }) => [ramp('warmup', rate, warmup), hold('load', rate, duration, STEADY)],
    },
    stress: {
        rate: 150,
        duration: 180,
        warmup: 30,
        phases: ({ rate, duration, warmup }) => [
            ramp('warmup', share(rate, 1 / 3), warmup),
            stairs('stress', [1 / 3, 2 / 3, 1].map((part) => share(rate, part)), duration, OVERLOADED),
        ],
    },
    spike: {
        rate: 150,
        duration: 20,
        warmup: 30,
        phases: ({ rate, duration, warmup }) => [
            ramp('warmup', share(rate, 1 / 10), warmup),
            hold('before', share(rate, 1 / 10), 30, STEADY),
            hold('spike', rate, duration, OVERLOADED),
            // The backlog of the spike may still be there when this begins, and has to be gone within it.
            hold('recovery', share(rate, 1 / 10), 10),
            hold('after', share(rate, 1 / 10), 30, STEADY),
        ],
    },
    soak: {
        rate: 20,
        duration: 1800,
        warmup: 30,
        phases: ({ rate, duration, warmup }) => [ramp('warmup', rate, warmup), hold('soak', rate, duration, STEADY)],
    },
    breakpoint: {
        rate: 400,
        duration: 600,
        warmup: 0,
        abortOnFail: true,
        phases: ({ rate, duration }) => [ramp('breakpoint', rate, duration, OVERLOADED)],
    },
};

function share(rate, part) {
    return Math.max(1, Math.round(rate * part));
}

/** A constant rate. */
function hold(name, rate, duration, limits) {
    return { name, peak: rate, duration, limits, executor: { executor: 'constant-arrival-rate', rate, duration: `${duration}s` } };
}

/** A rate that grows from one order a second. */
function ramp(name, rate, duration, limits) {
    return ramping(name, 1, [{ target: rate, duration }], limits);
}

/** Rates that are held one after the other, for equal times. */
function stairs(name, rates, duration, limits) {
    const step = duration / rates.length;
    const climb = Math.min(5, step / 2);
    const stages = rates.flatMap((target) => [
        { target, duration: climb },
        { target, duration: step - climb },
    ]);
    return ramping(name, rates[0], stages, limits);
}

function ramping(name, startRate, stages, limits) {
    return {
        name,
        peak: Math.max(...stages.map((stage) => stage.target)),
        duration: stages.reduce((sum, stage) => sum + stage.duration, 0),
        limits,
        executor: {
            executor: 'ramping-arrival-rate',
            startRate,
            stages: stages.map((stage) => ({ target: stage.target, duration: `${Math.round(stage.duration * 1000)}ms` })),
        },
    };
}

function scenarios(phases) {
    let begin = 0;
    const result = {};
    for (const phase of phases) {
        const vus = Math.min(MOST_VUS, Math.max(LEAST_VUS, phase.peak * SECONDS_IN_FLIGHT));
        result[phase.name] = {
            ...phase.executor,
            exec: 'placeOrder',
            timeUnit: '1s',
            startTime: `${Math.round(begin * 1000)}ms`,
            // There is no higher maxVUs: k6 drops the iteration for which it would have to initialise another VU.
            preAllocatedVUs: vus,
            // Longer than an iteration can take, so that no order is left without an outcome.
            gracefulStop: `${settings.orderTimeout + 2 * settings.requestTimeout + 5}s`,
        };
        begin += phase.duration;
    }
    return result;
}

function thresholds(profile, phases, strict) {
    const most = strict ? 'rate==1' : 'rate>0.999';
    const all = {
        dropped_iterations: ['count==0'],
        orders_confirmed: ['count>0'],
        orders_as_expected: [most],
        orders_cancelled: ['count==0'],
        orders_unfinished: ['count==0'],
        orders_refused: ['count==0'],
        checks: [most],
        http_req_failed: [strict ? 'rate==0' : 'rate<0.001'],
    };
    for (const { name, limits } of phases) {
        if (limits) {
            all[`time_to_accepted{scenario:${name}}`] = percentiles(limits.accepted);
            all[`time_to_confirmed{scenario:${name}}`] = percentiles(limits.confirmed);
        }
    }
    if (profile.abortOnFail) {
        for (const name of Object.keys(all)) {
            // There is no confirmed order yet when the thresholds are evaluated for the first time.
            const abortOnFail = name !== 'orders_confirmed';
            all[name] = all[name].map((threshold) => ({ threshold, abortOnFail, delayAbortEval: '10s' }));
        }
    }
    return all;
}

const percentiles = ({ p95, p99 }) => [`p(95)<${p95 * settings.slack}`, `p(99)<${p99 * settings.slack}`];

const chosen = PROFILES[settings.profile];
if (!chosen) {
    throw new Error(`${settings.profile} is not a profile; the profiles are ${Object.keys(PROFILES).join(', ')}`);
}

const plan = {
    rate: settings.rate || chosen.rate,
    duration: settings.duration || chosen.duration,
    warmup: settings.warmup === undefined ? chosen.warmup : settings.warmup,
};
const phases = chosen.phases(plan).filter((phase) => phase.duration > 0);

export const profile = {
    name: settings.profile,
    rate: plan.rate,
    /** In seconds, of all phases together. */
    totalDuration: phases.reduce((sum, phase) => sum + phase.duration, 0),
    /** Says what it means that the run ended after the given number of seconds, and whether a limit was exceeded. */
    endedEarly: (ran, exceeded) =>
        chosen.abortOnFail && exceeded
            ? `the limit is at about ${Math.round((plan.rate * ran) / plan.duration)} orders/s`
            : `ended after ${Math.round(ran)} s`,
    scenarios: scenarios(phases),
    thresholds: thresholds(chosen, phases, settings.profile === 'smoke'),
};
