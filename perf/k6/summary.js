import { profile } from './profiles.js';
import { settings } from './settings.js';

const OUTCOMES = [
    ['accepted', 'orders_accepted'],
    ['confirmed', 'orders_confirmed'],
    ['rejected', 'orders_rejected'],
    ['cancelled', 'orders_cancelled'],
    ['unfinished', 'orders_unfinished'],
    ['refused', 'orders_refused'],
    ['dropped', 'dropped_iterations'],
];
const TRENDS = [
    ['time to accepted, ms', 'time_to_accepted'],
    ['time to confirmed, ms', 'time_to_confirmed'],
    ['time to confirmed as recorded, ms', 'time_to_confirmed_recorded'],
    ['polls per order', 'polls_per_order'],
];
const COLUMNS = [
    ['p50', 'med'],
    ['p90', 'p(90)'],
    ['p95', 'p(95)'],
    ['p99', 'p(99)'],
    ['max', 'max'],
];

/** Writes the verdict, assertion by assertion, to the terminal and for the report. */
export function handleSummary(data) {
    const verdict = verdictOf(data);
    const files = { stdout: asText(verdict) };
    if (settings.verdictFile) {
        files[settings.verdictFile] = asHtml(verdict);
    }
    return files;
}

function verdictOf({ metrics, root_group: root, setup_data: setup }) {
    const title = `${profile.name}, up to ${profile.rate} orders/s against ${settings.orderUrl}`;
    if (!setup) {
        // Thresholds hold as long as nothing is measured.
        const problems = ['setup failed, no order was placed'];
        return { passed: false, title, problems, assertions: [], failedChecks: [], outcomes: [], trends: [] };
    }
    const ran = (Date.now() - setup.begin) / 1000;
    const assertions = Object.keys(profile.thresholds).flatMap((name) =>
        Object.entries(metrics[name].thresholds).map(([expression, { ok }]) => ({
            ok,
            text: `${name} ${expression}`,
            measured: shown(metrics[name].values[/^[a-z]+(\(\d+\))?/.exec(expression)[0]]),
        })),
    );
    const problems = ran < profile.totalDuration ? [profile.endedEarly(ran, assertions.some(({ ok }) => !ok))] : [];
    return {
        passed: problems.length === 0 && assertions.every(({ ok }) => ok),
        title,
        problems,
        assertions: assertions.sort((some, other) => Number(some.ok) - Number(other.ok)),
        failedChecks: checksOf(root).filter(({ fails }) => fails > 0),
        outcomes: OUTCOMES.map(([label, name]) => [label, metrics[name] ? metrics[name].values.count : 0]),
        trends: TRENDS.filter(([, name]) => metrics[name] && metrics[name].values.max > 0).map(([label, name]) => [
            label,
            ...COLUMNS.map(([, key]) => shown(metrics[name].values[key])),
        ]),
    };
}

const checksOf = (group) => group.checks.concat(...group.groups.map(checksOf));

const shown = (value) => (value === undefined ? '-' : String(Number.isInteger(value) ? value : Number(value.toPrecision(4))));

function asText({ passed, title, problems, assertions, failedChecks, outcomes, trends }) {
    const wide = Math.max(0, ...assertions.map(({ text }) => text.length));
    const lines = [
        '',
        `${passed ? 'PASSED' : 'FAILED'}: ${title}`,
        ...problems.map((problem) => `  ✗ ${problem}`),
        ...assertions.map(({ ok, text, measured }) => `  ${ok ? '✓' : '✗'} ${text.padEnd(wide)}  ${measured}`),
        ...failedChecks.map(({ name, passes, fails }) => `  ✗ check "${name}" failed ${fails} of ${passes + fails} times`),
        '',
    ];
    if (outcomes.length > 0) {
        lines.push(`  orders: ${outcomes.map(([label, count]) => `${count} ${label}`).join(', ')}`, '');
    }
    if (trends.length > 0) {
        lines.push(line(['', ...COLUMNS.map(([label]) => label)]), ...trends.map(line), '');
    }
    return `${lines.join('\n')}\n`;
}

const line = ([label, ...cells]) => `  ${label.padEnd(34)}${cells.map((cell) => cell.padStart(10)).join('')}`;

function asHtml({ passed, title, problems, assertions, failedChecks, outcomes, trends }) {
    return `<style>
.verdict { font: 14px/1.5 system-ui, sans-serif; margin: 24px 48px; padding: 8px 24px; color: #222; background: #fff;
  border-left: 12px solid ${passed ? '#2e7d32' : '#c62828'}; }
.verdict h1 { font-size: 22px; }
.verdict .tables { display: flex; flex-wrap: wrap; gap: 16px 64px; }
.verdict table { margin-bottom: 16px; }
.verdict td, .verdict th { padding: 1px 20px 1px 0; text-align: left; font-variant-numeric: tabular-nums; }
.verdict .failed { color: #c62828; font-weight: bold; }
</style>
<section class="verdict">
<h1>${passed ? 'PASSED' : 'FAILED'}: ${escaped(title)}</h1>
${problems.map((problem) => `<p class="failed">✗ ${escaped(problem)}</p>`).join('')}
<div class="tables">
${table(
    ['', 'assertion', 'measured'],
    assertions.map(({ ok, text, measured }) => [ok ? '✓' : '✗', text, measured]),
)}
<div>
${table(
    ['orders', ...outcomes.map(([label]) => label)],
    [['', ...outcomes.map(([, count]) => count)]],
)}
${table(['', ...COLUMNS.map(([label]) => label)], trends)}
${failedChecks.length === 0 ? '' : table(['', 'check', 'failed', 'of'], failedChecks.map(checkRow))}
</div>
</div>
</section>
`;
}

const checkRow = ({ name, passes, fails }) => ['✗', name, fails, passes + fails];

const table = (head, rows) => `<table>${row(head, 'th')}${rows.map((cells) => row(cells, 'td')).join('')}</table>`;

const row = (cells, tag) =>
    `<tr${cells[0] === '✗' ? ' class="failed"' : ''}>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;

const escaped = (text) => String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
