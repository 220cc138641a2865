/* Numbers and times: exact in, readable out. Knows nothing of the page. */

/* A number whose text says more than a double holds; counts like one. */
class Exact extends Number {
	constructor(text) {
		super(text);
		this.text = text;
	}
	toString() {
		return this.text;
	}
}

/* String() of any number in it gives the digits that were sent. */
export function parse(text) {
	return JSON.parse(text, (_, value, context) =>
		typeof value === 'number' && context?.source !== undefined &&
				String(value) !== context.source
			? new Exact(context.source)
			: value);
}

/* The reviver makes parsing slow: only where digits would be lost. */
export function parseMany(text) {
	return /\d{16}/.test(text) ? parse(text) : JSON.parse(text);
}

const THIN = '\u202f';

/* 1234567.50 as 1 234 567.50, with thin spaces. */
export function grouped(number) {
	const [, whole, rest] = /^(-?\d*)(.*)$/s.exec(String(number));
	return whole.length < 4
		? whole + rest
		: whole.replace(/\B(?=(\d{3})+$)/g, THIN) + rest;
}

/* Three digits or so: what the eye takes in. */
export function rough(number) {
	const size = Math.abs(number);
	const digits = size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : 2;
	return grouped(Number(number).toFixed(digits));
}

export function percent(part, whole) {
	return whole > 0 ? (100 * part / whole).toFixed(1) + THIN + '%' : '–';
}

export function bytes(number) {
	let unit = 0;
	while (number >= 1000 && unit < 4) {
		number /= 1000;
		unit++;
	}
	return (unit ? number.toFixed(1) : number) + THIN +
		['B', 'kB', 'MB', 'GB', 'TB'][unit];
}

export function duration(seconds) {
	if (seconds < 120)
		return +seconds.toFixed(seconds < 10 ? 1 : 0) + THIN + 's';
	if (seconds < 7200)
		return +(seconds / 60).toFixed(seconds < 600 ? 1 : 0) + THIN +
			'min';
	return +(seconds / 3600).toFixed(1) + THIN + 'h';
}

/* The times are UTC's, as everywhere, unless somebody wants his own. */
let local = false;

export function useLocalTime(yes) {
	local = yes;
}

export function localTime() {
	return local;
}

function shifted(ms) {
	const away = local ? new Date(ms).getTimezoneOffset() * 60000 : 0;
	return new Date(ms - away).toISOString();
}

export function zoneName() {
	return local ? 'local time' : 'UTC';
}

export function day(ms) {
	return shifted(ms).slice(0, 10);
}

/* 10:00:05, and .250 where there is a fraction. */
export function clock(ms) {
	return shifted(ms).slice(11, ms % 1000 ? 23 : 19);
}

export function shortClock(ms) {
	return shifted(ms).slice(11, ms % 60000 ? 19 : 16);
}

/* Where nights begin, for the axis. */
export function zoneOffset(ms) {
	return local ? new Date(ms).getTimezoneOffset() * 60000 : 0;
}

export function median(sorted) {
	const half = sorted.length >> 1;
	return sorted.length % 2
		? sorted[half]
		: (sorted[half - 1] + sorted[half]) / 2;
}

/* How many make what is usual. */
export const ENOUGH = 5;

/*
 * What is usual among these counts: the median, and three deviations around
 * it. The deviation is that of the median (an hour of trouble does not make
 * trouble usual), at least what chance alone does to a count. NULL: too few.
 */
export function usual(counts) {
	if (counts.length < ENOUGH)
		return null;
	const sorted = Float64Array.from(counts).sort();
	const middle = median(sorted);
	const away = sorted.map((count) => Math.abs(count - middle)).sort();
	const width = 3 * Math.max(1.4826 * median(away),
				   Math.sqrt(Math.max(middle, 1)));
	return {
		low: Math.max(0, middle - width),
		middle,
		high: middle + width,
	};
}
