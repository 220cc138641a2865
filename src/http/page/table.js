/* The chart as a table: for readers without eyes, and for those with. */

import { $, element, groupName, say } from './dom.js';
import { OTHER } from './keep.js';
import { clock, day, grouped, zoneName } from './numbers.js';

const FEW = 30; /* rows while it is not looked at */

export class ChartTable {
	#table = $('chart-table');
	#shape = null;
	#ids = []; /* newest first, as the rows stand */
	open = false;

	#drawHead(groups) {
		const row = element('tr');
		for (const title of ['Window', 'Orders',
			...groups.map((group) => groupName(group))]) {
			const cell = element('th', '', title);
			cell.scope = 'col';
			row.append(cell);
		}
		this.#table.tHead.replaceChildren(row);
		this.#table.tBodies[0].replaceChildren();
		this.#ids = [];
	}

	#row(window, groups, kept) {
		const time = element('th', '', `${day(window.from)} ` +
			clock(window.from));
		const row = element('tr', '', time,
			element('td', '', grouped(window.orders)));
		let rest = Number(window.orders);

		time.scope = 'row';
		if (window.partial)
			time.append(' ', element('strong', 'mark-partial',
				'partial'));
		for (const group of groups) {
			const count = group === OTHER
				? Math.max(0, rest) : kept.count(window, group);
			rest -= count || 0;
			row.append(element('td', '', Number.isNaN(count)
				? 'in (other)'
				: grouped(window.counts.get(group) ?? count)));
		}
		return row;
	}

	/* New windows on top, those that are forgotten off the end. */
	draw(kept, series, picked) {
		const groups = picked && !series.list.includes(picked)
			? [picked, ...series.list] : [...series.list];
		const body = this.#table.tBodies[0];
		const most = this.open ? kept.windows.length : FEW;
		const shape = [groups.join('\n'), zoneName(), kept.changes].join();

		groups.push(OTHER);
		if (shape !== this.#shape)
			this.#drawHead(groups);
		this.#shape = shape;
		const shown = kept.windows.slice(-most).reverse();
		const known = shown.findIndex(({ id }) => id === this.#ids[0]);
		const fresh = known < 0 ? shown : shown.slice(0, known);

		if (known < 0)
			body.replaceChildren();
		body.prepend(...fresh.map((w) => this.#row(w, groups, kept)));
		for (const window of shown.slice(body.rows.length))
			body.append(this.#row(window, groups, kept));
		while (body.rows.length > shown.length)
			body.lastChild.remove();
		this.#ids = shown.map(({ id }) => id);
		say(this.#table.caption, `Orders a window, newest first: ` +
			`${grouped(shown.length)} of ` +
			`${grouped(kept.windows.length)} windows, ${zoneName()}`);
	}
}
