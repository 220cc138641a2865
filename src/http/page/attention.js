/* Is something wrong? Said in words, on top of the page. */

import { $, make, name } from './dom.js';
import { clock, duration, grouped, usual, zone } from './numbers.js';

const MOST = 4;

export const rejectedOf = (summary) => Object.values(summary.rejected)
	.reduce((sum, count) => sum + Number(count), 0);

/* More of them than usual; without a measure, more than are counted. */
function records(kept, what, count, found) {
	const { summary } = kept.newest;
	const now = Number(count(summary));
	const range = usual(kept.before((window) => count(window.summary)));

	if (range ? now > range.high && now > 0.001 * summary.read
		: now > summary.counted)
		found.push([`more ${what} than usual: ${grouped(now)}`]);
}

/* Groups that always had orders, and now have none. */
function silent(kept, found) {
	if (kept.newest.partial)
		return;
	for (const [group, count] of kept.windows.at(-1).counts) {
		const column = Number(count) === 0 && kept.column(group);
		const range = column && usual(kept.before((_, i) => column[i]));
		if (range?.low > 0)
			found.push([name(group), ' has no orders, usual is ' +
				`${Math.round(range.middle)} a window`]);
	}
}

const ORDERS = { high: 'more orders than usual',
	low: 'fewer orders than usual', quiet: 'no orders' };

function sources(status, found) {
	for (const { name, state, why } of status?.sources ?? [])
		if (state !== 'up' && state !== 'ended')
			found.push([`${name} is ` +
				(state === 'opening' ? 'not up yet' : state) +
				(why ? `: ${why.replace(name, 'it')}` : '')]);
}

function stale({ status, cameAt }, found) {
	const step = 1000 * (status.slide_seconds || status.window_seconds);
	const quietMs = performance.now() - cameAt;
	const seconds = Math.round(quietMs / 1000);

	if (status.window_seconds > 0 && quietMs > Math.max(3 * step, 10000))
		found.push([`no window for ${duration(seconds)}, ` +
			`one is due every ${duration(step / 1000)}`]);
}

/* Each is a list of texts and nodes. */
export function findings(page) {
	const { kept, status, judged, state, lostAt } = page;
	const since = `${clock(lostAt)} ${zone.name}`;
	const found = [];
	const { newest } = kept;

	if (state === 'ended')
		found.push(['the run has ended' +
			(newest ? '; these are its last numbers' : '')]);
	if (state === 'lost')
		found.push([`no connection since ${since}` +
			(newest ? '; these numbers are old' : '')]);
	else
		sources(status, found);
	if (!newest)
		return found;
	if (state === 'live' && !newest.id.startsWith(`${status.run}-`))
		found.push(['another run has begun; ' +
			'these are the numbers of the one before']);
	if (state === 'live')
		stale(page, found);
	if (ORDERS[judged.state])
		found.push([`${ORDERS[judged.state]} (${judged.usual})`]);
	records(kept, 'rejected', rejectedOf, found);
	records(kept, 'late', (summary) => summary.late, found);
	silent(kept, found);
	return found;
}

let shown;

/* Returns what it says, or NULL where nothing has changed. */
export function drawAttention(found, waiting) {
	const list = $('attention');
	const more = found.length - MOST;

	if (more > 0)
		found.splice(MOST, more, [`and ${more} more`]);
	list.dataset.state = found.length ? 'look' : waiting ? '' : 'well';
	if (!found.length)
		found.push([waiting ? 'nothing to show yet'
			: 'nothing looks wrong']);
	const items = found.map((parts) => make('li', {}, ...parts));
	const text = items.map((item) => item.textContent).join('; ');
	if (text === shown)
		return null;
	list.replaceChildren(...items);
	return shown = text;
}
