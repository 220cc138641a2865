/* The chart as a table: for who does not see it, and for who wants numbers. */

import { $, make, name, partialMark, say } from './dom.js';
import { OTHER } from './keep.js';
import { clock, day, grouped, zone } from './numbers.js';

const FEW = 30; /* rows while it is not looked at */

export class ChartTable {
	open = false;
	#shape;
	#ids = []; /* newest first, as the rows stand */

	#row(window, groups, kept) {
		let rest = window.orders;
		const cells = groups.map((group) => {
			const count = group === OTHER
				? Math.max(0, rest) : kept.count(window, group);
			rest -= count || 0;
			return make('td', {}, Number.isNaN(count) ? 'in (other)'
				: grouped(window.counts.get(group) ?? count));
		});
		const time = `${day(window.from)} ${clock(window.from)}`;
		return make('tr', {},
			make('th', { scope: 'row' }, time, partialMark(window)),
			make('td', {}, grouped(window.orders)), ...cells);
	}

	/* New windows on top, those that are forgotten off the end. */
	draw({ kept, series, picked }) {
		const { tHead, tBodies: [body], caption } = $('chart-table');
		const groups = [...new Set(
			[...series.list, picked ?? OTHER, OTHER])];
		const shape = groups.join('\n') + kept.changes + zone.name;
		const most = this.open ? kept.windows.length : FEW;
		const shown = kept.windows.slice(-most).reverse();

		if (shape !== this.#shape) {
			const head = (title) =>
				make('th', { scope: 'col' }, title);
			tHead.replaceChildren(make('tr', {}, head('Window'),
				head('Orders'), ...groups.map(name).map(head)));
			this.#ids = [];
		}
		this.#shape = shape;
		const known = shown.findIndex(({ id }) => id === this.#ids[0]);
		const rows = (some) => some.map(
			(window) => this.#row(window, groups, kept));
		if (known < 0)
			body.replaceChildren();
		body.prepend(...rows(shown.slice(0, Math.max(0, known))));
		body.append(...rows(shown.slice(body.rows.length)));
		while (body.rows.length > shown.length)
			body.lastChild.remove();
		this.#ids = shown.map(({ id }) => id);
		say(caption, `Orders a window, newest first, ${zone.name}: ` +
			`${shown.length} of ${kept.windows.length} windows`);
	}
}
