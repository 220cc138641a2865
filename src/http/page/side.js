/* What stands beside the groups: records, sources, what trends. */

import { $, element, groupData, groupName, say, sayNumber, setState }
	from './dom.js';
import { rejectedOf } from './attention.js';
import { bytes, duration, grouped, percent, rough } from './numbers.js';

const TALLIES = ['read', 'counted', 'rejected', 'filtered', 'late'];
const rows = new Map();

function tallyRow(name, title, kind) {
	let row = rows.get(kind + name);
	if (!row) {
		const head = element('th', '', title);
		head.scope = 'row';
		row = element('tr', kind, head, element('td'), element('td'));
		row.cells[1].dataset[kind] = name;
		rows.set(kind + name, row);
	}
	return row;
}

function fill(row, now, hour, of) {
	sayNumber(row.cells[1], now);
	sayNumber(row.cells[2], hour);
	row.cells[2].title = of ? percent(hour, of) : '';
	row.classList.toggle('none', Number(now) === 0 && hour === 0);
	return row;
}

/* Tallies are those since the window before: they add up, slide or not. */
function lastHour(kept) {
	const sums = { reasons: {} };
	for (const { summary } of kept.windows.slice(kept.hourStart())) {
		for (const name of TALLIES)
			sums[name] = (sums[name] ?? 0) + Number(
				name === 'rejected' ? rejectedOf(summary)
					: summary[name]);
		for (const [reason, count] of Object.entries(summary.rejected))
			sums.reasons[reason] = (sums.reasons[reason] ?? 0) +
				Number(count);
	}
	return sums;
}

export function drawTallies(kept) {
	const { summary } = kept.newest;
	const hour = lastHour(kept);
	const next = [];

	say($('hour-title'), kept.hourIsShort()
		? `Last ${kept.windows.length - kept.hourStart()}` : 'Last hour');
	for (const name of TALLIES) {
		const now = name === 'rejected'
			? rejectedOf(summary) : summary[name];
		next.push(fill(tallyRow(name, name, 'tally'), now, hour[name],
			hour.read));
		if (name !== 'rejected')
			continue;
		for (const reason of Object.keys(hour.reasons).sort())
			next.push(fill(tallyRow(reason,
				reason.replaceAll('_', ' '), 'reason'),
				summary.rejected[reason] ?? 0,
				hour.reasons[reason], hour.read));
	}
	const body = $('tallies').querySelector('tbody');
	if (next.length !== body.rows.length ||
	    next.some((row, i) => row !== body.rows[i]))
		body.replaceChildren(...next);
}

function fact(name, value) {
	return element('div', '', element('dt', '', name),
		element('dd', '', value));
}

export function drawStatus(status) {
	const list = $('sources');
	status.sources.forEach(({ name, state }, i) => {
		let item = list.children[i];
		if (!item) {
			item = element('li', '', element('bdi'), element('span',
				'state'));
			list.append(item);
		}
		say(item.firstChild, name);
		item.firstChild.title = name;
		say(item.lastChild, state);
		setState(item, state);
	});
	while (list.children.length > status.sources.length)
		list.lastChild.remove();
	$('process').replaceChildren(
		fact('Read', bytes(Number(status.read_bytes))),
		fact('Waiting to be written',
			bytes(Number(status.waiting_bytes))),
		fact('Behind', duration(Number(status.behind_seconds))),
		fact('Memory', bytes(Number(status.resident_bytes))),
		fact('Version', status.version));
}

/*
 * How much more than before: what is not in the list had at most the least
 * count of it, so that a newcomer's growth is never said too large.
 */
function growth(kept, group, least) {
	const column = kept.column(group);
	const counts = kept.before((_, i) =>
		Number.isNaN(column[i]) ? least[i] : column[i]);
	const now = column.at(-1);
	if (counts.length < 3)
		return null;
	const mean = counts.reduce((sum, count) => sum + count, 0) /
		counts.length;
	return {
		group, now, mean,
		times: now / Math.max(mean, 1),
		score: (now - mean) / Math.sqrt(mean + 1),
	};
}

export function drawTrending(kept, status) {
	const section = $('trending');
	section.hidden = !(status?.top > 0);
	if (section.hidden)
		return;
	const least = kept.windows.map((window) => {
		let smallest = Infinity;
		for (const count of window.counts.values())
			smallest = Math.min(smallest, count);
		return smallest === Infinity ? 0 : smallest;
	});
	const found = [...kept.windows.at(-1).counts.keys()]
		.map((group) => growth(kept, group, least))
		.filter((one) => one && one.times >= 1.2 && one.score > 2)
		.sort((a, b) => b.score - a.score).slice(0, 5);
	$('no-trend').hidden = found.length > 0;
	section.querySelector('ol').replaceChildren(...found.map((one) => {
		const item = element('li', '', groupName(one.group),
			element('span', 'grown', `×${rough(one.times)}`),
			element('span', 'note', `${grouped(one.now)}, was ` +
				rough(one.mean)));
		item.dataset.group = groupData(one.group);
		return item;
	}));
}
