/* What stands beside the groups: records, sources, what trends. */

import { $, make, name, plain, say, sayNumber } from './dom.js';
import { rejectedOf } from './attention.js';
import { bytes, duration, grouped, rough } from './numbers.js';

const rows = new Map();

/* A row of the tallies; kind is tally or reason. */
function tally(kind, what, now, hour) {
	if (!rows.has(kind + what)) {
		const row = make('tr', { className: kind },
			make('th', { scope: 'row' }, what.replaceAll('_', ' ')),
			make('td'), make('td'));
		row.cells[1].dataset[kind] = what;
		rows.set(kind + what, row);
	}
	const row = rows.get(kind + what);
	sayNumber(row.cells[1], now);
	sayNumber(row.cells[2], hour);
	return row;
}

/* Tallies are those since the window before: they add up, slide or not. */
export function drawTallies(kept) {
	const { summary } = kept.newest;
	const windows = kept.hour();
	const hour = (value) => windows.reduce(
		(sum, window) => sum + Number(value(window.summary)), 0);
	const simple = (what) => tally('tally', what, summary[what],
		hour((of) => of[what]));
	const reasons = new Set(windows.flatMap(
		(window) => Object.keys(window.summary.rejected)));
	const next = [simple('read'), simple('counted'),
		tally('tally', 'rejected', rejectedOf(summary),
			hour(rejectedOf)),
		...[...reasons].sort().map((reason) => tally('reason', reason,
			summary.rejected[reason] ?? 0,
			hour((of) => of.rejected[reason] ?? 0))),
		simple('filtered'), simple('late')];
	const body = $('tallies').querySelector('tbody');

	const seconds = (windows.at(-1).to - windows[0].from) / 1000;
	say($('hour-title'), Math.round(seconds / 60) === 60 ? 'Last hour'
		: `Last ${duration(seconds)}`);
	if (next.length !== body.rows.length ||
	    next.some((row, i) => row !== body.rows[i]))
		body.replaceChildren(...next);
}

export function drawStatus(status) {
	$('sources').replaceChildren(...status.sources.map((source) => {
		const item = make('li', {}, make('bdi', { title: source.name },
			source.name), make('span', {}, source.state),
		make('p', { className: 'note' }, source.why ?? ''));
		item.dataset.state = source.state;
		return item;
	}));
	$('process').replaceChildren(...Object.entries({
		Read: bytes(status.read_bytes),
		'To be written': bytes(status.waiting_bytes),
		Behind: duration(Number(status.behind_seconds)),
		Memory: bytes(status.resident_bytes),
		Version: status.version,
	}).map(([what, value]) => make('div', {}, make('dt', {}, what),
		make('dd', {}, value))));
}

/*
 * How much more than before. What is not in the list had at most its least
 * count, so that a newcomer's growth is never said too large.
 */
function growth(kept, group, least) {
	const column = kept.column(group);
	const counts = kept.before((_, i) =>
		Number.isNaN(column[i]) ? least[i] : column[i]);
	const now = column.at(-1);
	const mean = counts.reduce((sum, count) => sum + count, 0) /
		counts.length;
	return { group, now, mean, times: now / Math.max(mean, 1),
		score: (now - mean) / Math.sqrt(mean + 1) };
}

export function drawTrending(kept, status) {
	$('trending').hidden = !(status?.top > 0);
	if ($('trending').hidden)
		return;
	const least = kept.windows.map(
		({ counts }) => Math.min(...counts.values()));
	const found = [...kept.windows.at(-1).counts.keys()]
		.map((group) => growth(kept, group, least))
		.filter(({ times, score }) => times >= 1.2 && score > 2)
		.sort((a, b) => b.score - a.score).slice(0, 5);

	$('no-trend').hidden = found.length > 0;
	const list = $('trending').querySelector('ol');
	list.replaceChildren(...found.map((one) => {
		const item = make('li', {}, name(one.group),
			make('strong', {}, `×${rough(one.times)}`),
			make('span', { className: 'note' },
				`${grouped(one.now)}, was ${rough(one.mean)}`));
		item.dataset.group = plain(one.group);
		return item;
	}));
}
