/* The numbers at the top: how many now, and is that usual? */

import { $, say, sayNumber } from './dom.js';
import { ENOUGH, clock, day, duration, grouped, rough, usual, zone }
	from './numbers.js';

const UNITS = [[1, 'a second'], [60, 'a minute'], [3600, 'an hour']];

/* The newest window against those before, in a unit that is no fraction. */
export function judge(kept) {
	const { orders, seconds, partial } = kept.newest;
	const counts = kept.before((window) => window.orders);
	const range = usual(counts);
	const typical = (range?.middle || Number(orders)) / seconds;
	const [size, unit] = UNITS.find(([size]) => typical * size >= 1) ??
		UNITS[typical > 0 ? 2 : 0];
	const rate = (count) => count * size / seconds;
	const digits = range?.high * size / seconds >= 100 ? 0 : 1;
	const text = (count) => grouped(+rate(count).toFixed(digits));
	const between = range && `${text(range.low)}–${text(range.high)}`;

	return {
		range, unit, have: counts.length,
		rate: rough(rate(orders)),
		usual: `${between} ${unit}`,
		state: !range || partial ? 'unknown'
			: Number(orders) === 0 && range.middle > 0 ? 'quiet'
			: orders > range.high ? 'high'
			: orders < range.low ? 'low' : 'usual',
	};
}

const BEFORE = { usual: 'usual: ', high: 'high: usual is ',
	low: 'low: usual is ', quiet: 'quiet, no orders: usual is ' };

function sentence({ range, usual, state, have, rate }) {
	if (!range)
		return `usual: not known before ${ENOUGH} whole windows ` +
			`(${have} so far)`;
	return state === 'unknown'
		? `usual: ${usual}; a partial window is not compared`
		: `${BEFORE[state]}${usual}, now ${rate}`;
}

function drawGauge(range, orders) {
	const top = range && Math.max(range.high * 1.35, orders * 1.05);
	const place = (count) => `${(100 * count / top).toFixed(1)}%`;
	const [band, middle, now] = $('gauge').children;

	$('gauge').className = range ? '' : 'unknown';
	if (!range)
		return;
	band.style.left = place(range.low);
	band.style.width = place(range.high - range.low);
	middle.style.left = place(range.middle);
	now.style.left = place(orders);
}

function windowText(newest) {
	const [from, to] = [Date.parse(newest.start), Date.parse(newest.end)];
	const until = day(from) === day(to) ? '' : `${day(to)} `;
	return `${day(from)} ${clock(from)} – ${until}${clock(to)} ` +
		zone.name;
}

export function drawHeadline(kept, judged) {
	const { newest, windows } = kept;

	say($('rate-unit'), judged.unit);
	sayNumber($('rate'), newest.orders / newest.seconds, judged.rate);
	sayNumber($('orders'), newest.orders);
	sayNumber($('total'), newest.total);
	sayNumber($('group-count'), newest.groups);
	for (const node of document.querySelectorAll('.big')) {
		const { length } = node.textContent;
		node.classList.toggle('long', length > 10);
		node.classList.toggle('longer', length > 15);
	}
	say($('window'), windowText(newest));
	$('partial').hidden = !newest.partial;
	say($('usual'), sentence(judged));
	$('usual').title = 'median and three deviations of ' +
		`${judged.have} whole windows of the last hour`;
	$('usual').dataset.state = judged.state;
	say($('kept'), `${grouped(windows.length)} ${windows.length > 1
		? 'windows' : 'window'} of ${duration(newest.seconds)} kept`);
	say($('left-out'), newest.left_out > 0
		? `${grouped(newest.left_out)} of them only in (other)` : '');
	drawGauge(judged.range, newest.orders);
}
