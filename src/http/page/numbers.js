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
export const parse = (text) => JSON.parse(text, (_, value, context) =>
	typeof value === 'number' && context && String(value) !== context.source
		? new Exact(context.source) : value);

/* The reviver makes parsing slow: only where digits would be lost. */
export const parseMany = (text) =>
	(/\d{16}/.test(text) ? parse : JSON.parse)(text);

/* 1234567.50 as 1 234 567.50, with thin spaces. */
export const grouped = (number) => String(number)
	.replace(/^-?\d{4,}/, (digits) => digits
		.replace(/\B(?=(\d{3})+$)/g, '\u202f'));

/* Three digits or so: what the eye takes in. */
export function rough(number) {
	const digits = number >= 100 || number === 0 ? 0 : number >= 10 ? 1 : 2;
	return grouped(number.toFixed(digits));
}

export const percent = (part, whole) =>
	whole > 0 ? `${(100 * part / whole).toFixed(1)}\u202f%` : '–';

export function bytes(number) {
	const unit = number < 1000 ? 0 : Math.floor(Math.log10(number) / 3);
	const size = (number / 1000 ** unit).toFixed(unit ? 1 : 0);
	return `${size}\u202f${['', 'k', 'M', 'G', 'T', 'P'][unit]}B`;
}

export function duration(seconds) {
	const [size, unit] = seconds > 0 && seconds < 1 ? [0.001, 'ms']
		: seconds < 120 ? [1, 's'] : seconds < 7200 ? [60, 'min']
		: seconds < 172800 ? [3600, 'h'] : [86400, 'days'];
	const number = seconds / size;
	return `${+number.toFixed(number < 10 ? 1 : 0)}\u202f${unit}`;
}

/* Times are UTC's, as in all output, unless somebody wants his own. */
export const zone = { local: false, name: 'UTC' };

/* How far midnight is away from UTC's, in ms. */
export const away = (ms) =>
	zone.local ? new Date(ms).getTimezoneOffset() * 60000 : 0;

const shifted = (ms) => new Date(ms - away(ms)).toISOString();
export const day = (ms) => shifted(ms).slice(0, 10);
export const clock = (ms) => shifted(ms).slice(11, ms % 1000 ? 23 : 19);

function median(sorted) {
	const half = sorted.length >> 1;
	return sorted.length % 2
		? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

export const ENOUGH = 5; /* counts to say what is usual */

/*
 * The median, and four deviations around it: the median's deviation (an hour
 * of trouble does not make trouble usual), at least what chance does to a
 * count. With three, chance alone would call out every few minutes where
 * windows are short. NULL: too few.
 */
export function usual(counts) {
	if (counts.length < ENOUGH)
		return null;
	const sorted = Float64Array.from(counts).sort();
	const middle = median(sorted);
	const away = sorted.map((count) => Math.abs(count - middle)).sort();
	const width = 4 * Math.max(1.4826 * median(away), Math.sqrt(middle), 1);
	const low = Math.max(0, middle - width);
	return { low, middle, high: middle + width };
}
