/* The numbers at the top: how many now, and is that usual? */

import { $, say, sayNumber, setState } from './dom.js';
import { ENOUGH, clock, day, duration, grouped, rough, usual, zoneName }
	from './numbers.js';

const UNITS = [[1, 'a second'], [60, 'a minute'], [3600, 'an hour']];

/* The unit in which it is not a fraction. */
function unitOf(aSecond) {
	return UNITS.find(([seconds]) => aSecond * seconds >= 1) ??
		UNITS[aSecond > 0 ? 2 : 0];
}

function verdictOf(orders, range) {
	if (Number(orders) === 0 && range.middle > 0)
		return 'quiet';
	return orders > range.high ? 'high' : orders < range.low ? 'low' : 'usual';
}

/* What the page thinks of the newest window; range is in orders a second. */
export function judge(kept) {
	const { newest } = kept;
	const perSecond = (window) => window.orders / window.seconds;
	const counts = kept.before((window) => window.orders);
	const range = usual(counts);
	const unit = unitOf(range
		? range.middle / newest.seconds : perSecond(newest));
	const factor = unit[0] / newest.seconds;
	const state = !range || newest.partial
		? 'unknown' : verdictOf(newest.orders, range);

	return {
		state,
		range,
		have: counts.length,
		unit: unit[1],
		aSecond: perSecond(newest),
		now: newest.orders * factor,
		low: range && range.low * factor,
		middle: range && range.middle * factor,
		high: range && range.high * factor,
	};
}

export function rangeText(judged) {
	const { low, high } = judged;
	const size = high >= 100 ? 1 : high >= 10 ? 10 : 100;
	const text = (number) => grouped(Math.round(number * size) / size);
	return `${text(low)}–${text(high)} ${judged.unit}`;
}

const BEFORE = {
	usual: 'usual: ',
	high: 'high: usual is ',
	low: 'low: usual is ',
	quiet: 'quiet, no orders: usual is ',
};

function sentence(judged, newest) {
	if (!judged.range)
		return `usual: not known before ${ENOUGH} whole windows ` +
			`(${judged.have} so far)`;
	if (newest.partial)
		return `usual: ${rangeText(judged)}; a partial window is not ` +
			'compared';
	return BEFORE[judged.state] + rangeText(judged) +
		`, now ${rough(judged.now)}`;
}

function drawGauge(judged) {
	const gauge = $('gauge');
	const top = judged.range
		? Math.max(judged.high * 1.35, judged.now * 1.05) : 0;
	const place = (value) => `${(100 * value / top).toFixed(1)}%`;

	gauge.classList.toggle('unknown', !top);
	if (!top)
		return;
	const [band, middle, now] = gauge.children;
	band.style.left = place(judged.low);
	band.style.width = place(judged.high - judged.low);
	middle.style.left = place(judged.middle);
	now.style.left = place(judged.now);
}

export function windowText(newest) {
	const from = Date.parse(newest.start);
	const to = Date.parse(newest.end);
	const until = day(from) === day(to) ? '' : day(to) + ' ';
	return `${day(from)} ${clock(from)} – ${until}${clock(to)} ${zoneName()}`;
}

export function drawHeadline(kept, judged) {
	const { newest } = kept;
	const whole = kept.windows.length;

	say($('rate-unit'), judged.unit);
	sayNumber($('rate'), judged.aSecond, rough(judged.now));
	sayNumber($('orders'), newest.orders);
	sayNumber($('total'), newest.total);
	for (const id of ['rate', 'orders', 'total']) {
		const { length } = $(id).textContent;
		$(id).classList.toggle('long', length > 10);
		$(id).classList.toggle('longer', length > 15);
	}
	say($('window'), windowText(newest));
	$('partial').hidden = !newest.partial;
	say($('usual'), sentence(judged, newest));
	setState($('usual'), judged.state);
	say($('kept'), `${grouped(whole)} window${whole === 1 ? '' : 's'} of ` +
		`${duration(Number(newest.seconds))} kept`);
	sayNumber($('group-count'), newest.groups);
	say($('left-out'), Number(newest.left_out) > 0
		? `${grouped(newest.left_out)} of them only in (other)` : '');
	drawGauge(judged);
}
