/* Is something wrong? Said in words, worst first, on top of the page. */

import { $, element, groupName } from './dom.js';
import { bytes, clock, duration, grouped, usual, zoneName }
	from './numbers.js';
import { rangeText } from './headline.js';

const MOST = 4;
const MUCH = 8 << 20; /* bytes that wait for the output */

export const rejectedOf = (summary) => Object.values(summary.rejected)
	.reduce((sum, count) => sum + Number(count), 0);

function sources(status, found) {
	for (const { name, state } of status?.sources ?? [])
		if (state !== 'up' && state !== 'ended')
			found.push([`${name} is ${state === 'opening'
				? 'not up yet' : state}`]);
}

/* More of them than usual; without a measure, more than are counted. */
function records(kept, what, count, found) {
	const { newest } = kept;
	const now = Number(count(newest.summary));
	const range = usual(kept.before((window) => count(window.summary)));

	if (range ? now > range.high && now > 0.001 * newest.summary.read
		: now > newest.summary.counted)
		found.push([`more ${what} than usual: ${grouped(now)}` + (range
			? `, usual is up to ${grouped(Math.floor(range.high))}`
			: '')]);
}

/* Groups that always had orders, and now have none. */
function silent(kept, found) {
	if (kept.newest.partial || kept.windows.length < 12)
		return;
	for (const [group, count] of kept.windows.at(-1).counts) {
		if (Number(count) > 0)
			continue;
		const column = kept.column(group);
		const range = usual(kept.before((_, i) => column[i]));
		if (range && range.low > 0)
			found.push([groupName(group), ` has no orders, usual is ` +
				`${grouped(Math.round(range.middle))} a window`]);
	}
}

function stale(kept, status, quietMs, found) {
	const step = kept.windows.at(-1).step;
	if (quietMs > Math.max(3 * step, 10000) && status?.window_seconds > 0)
		found.push([`no window for ${duration(quietMs / 1000)}, one is ` +
			`due every ${duration(step / 1000)}`]);
}

/* Each is a list of texts and nodes. */
export function findings({ kept, status, judged, state, lostAt, quietMs }) {
	const found = [];
	const { newest } = kept;

	if (state === 'ended')
		found.push(['the run has ended' + (newest
			? '; these are its last numbers' : '')]);
	if (state === 'lost')
		found.push([`no connection since ${clock(lostAt)} ` +
			`${zoneName()}${newest ? '; these numbers are old' : ''}`]);
	else if (newest && state === 'live')
		stale(kept, status, quietMs, found);
	if (state !== 'lost')
		sources(status, found);
	if (!newest)
		return found;
	if (judged.state !== 'usual' && judged.state !== 'unknown')
		found.push([`${judged.state === 'quiet' ? 'no' :
			judged.state === 'low' ? 'fewer' : 'more'} orders ${
			judged.state === 'quiet' ? '' : 'than usual '}(usual is ${
			rangeText(judged)})`]);
	records(kept, 'rejected', rejectedOf, found);
	records(kept, 'late', (summary) => summary.late, found);
	silent(kept, found);
	if (status?.waiting_bytes > MUCH)
		found.push([`${bytes(status.waiting_bytes)} wait to be written`]);
	return found;
}

let shown = null;

/* Returns what it says, or NULL where nothing has changed. */
export function drawAttention(found, waiting) {
	const texts = found.map((parts) => parts.map(
		(part) => part.title ?? part).join(''));
	const list = $('attention');

	if (!found.length)
		texts.push(waiting ? 'nothing to show yet' : 'nothing looks wrong');
	if (texts.join('\n') === shown)
		return null;
	shown = texts.join('\n');
	list.dataset.state = found.length ? 'look' : waiting ? '' : 'well';
	if (!found.length) {
		list.replaceChildren(element('li', '', texts[0]));
		return texts[0];
	}
	list.replaceChildren(...found.slice(0, MOST).map(
		(parts) => element('li', '', ...parts)));
	if (found.length > MOST)
		list.append(element('li', '', `and ${found.length - MOST} more`));
	return texts.slice(0, MOST).join('; ');
}
