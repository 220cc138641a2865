/* The table of groups: those of the newest window, a row each. */

import { $, element, groupData, groupName, groupText, pressed, sayNumber, say,
	svg } from './dom.js';
import { OTHER, groupOf } from './keep.js';
import { percent } from './numbers.js';

const SPARK = 60; /* windows */
const WIDE = 120;
const HIGH = 24;

const COLUMNS = [
	{ name: 'group', of: (row) => groupText(row.group) },
	{ name: 'count', title: 'Count', of: (row) => row.data.count },
	{ name: 'share', title: 'Share', of: (row) => row.data.count },
	{ name: 'spark', title: 'Lately' },
	{ name: 'total', title: 'Total', of: (row) => row.data.total },
	{ name: 'sum', title: 'Sum', of: (row) => row.data.sum, sums: true },
	{ name: 'total-sum', title: 'Total sum', sums: true,
		of: (row) => row.data.total_sum },
];

/* Counts are drawn from 0; where none is known, there is no line. */
function sparkPath(column) {
	const from = Math.max(0, column.length - SPARK);
	const step = WIDE / Math.max(1, Math.min(SPARK, column.length) - 1);
	let top = 1;
	for (let i = from; i < column.length; i++)
		if (column[i] > top)
			top = column[i];
	let path = '';
	let pen = 'M';
	for (let i = from; i < column.length; i++) {
		const count = column[i];
		if (count !== count) {
			pen = 'M';
			continue;
		}
		path += pen + Math.round((i - from) * step) + ' ' +
			(HIGH - 1 - Math.round((HIGH - 3) * count / top)) +
			(pen === 'M' ? 'h1' : '');
		pen = 'L';
	}
	return path;
}

export class Groups {
	#rows = new Map();
	#body = $('groups').tBodies[0];
	#head = $('groups').tHead;
	#sort = 'total';
	#down = true;
	#layout = '';
	#largest = 1; /* count */

	constructor(pick) {
		this.#body.addEventListener('click', (event) => {
			const row = event.target.closest('tr');
			if (row && row.group !== OTHER)
				pick(row.group);
		});
	}

	#columns(newest) {
		const sums = newest.rows.some((row) => row.sum !== undefined);
		const layout = newest.keys.join('\t') + sums;
		this.columns = COLUMNS.filter((column) => sums || !column.sums);
		if (layout === this.#layout)
			return;
		this.#layout = layout;
		this.#rows.clear();
		this.#body.replaceChildren();
		this.#drawHead(newest.keys);
	}

	#drawHead(keys) {
		const row = element('tr');
		for (const column of this.columns) {
			const title = column.title ?? keys.join(' · ');
			const cell = element('th', column.name);
			cell.scope = 'col';
			cell.column = column;
			if (column.of && column.name !== 'share') {
				const button = element('button', '',
					element('bdi', '', title));
				button.type = 'button';
				button.title = `Sort by ${title}`;
				button.onclick = () => this.#sortBy(column.name);
				cell.append(button);
			} else {
				cell.append(title);
			}
			row.append(cell);
		}
		this.#head.replaceChildren(row);
		this.#markSort();
	}

	#markSort() {
		for (const cell of this.#head.rows[0].cells) {
			if (cell.column.name === this.#sort)
				cell.setAttribute('aria-sort', this.#down
					? 'descending' : 'ascending');
			else
				cell.removeAttribute('aria-sort');
		}
	}

	#sortBy(name) {
		this.#down = this.#sort === name ? !this.#down : name !== 'group';
		this.#sort = name;
		this.#markSort();
		this.#order();
	}

	#add(group) {
		const row = element('tr');
		const name = element('th', 'group');
		row.group = group;
		row.dataset.group = groupData(group);
		name.scope = 'row';
		row.swatch = element('span', 'swatch');
		if (group === OTHER) {
			name.append(element('span', 'plain', row.swatch,
				groupName(group)));
			row.classList.add('other');
		} else {
			row.button = element('button', '', row.swatch,
				groupName(group));
			row.button.type = 'button';
			pressed(row.button, false);
			name.append(row.button);
		}
		row.append(name);
		row.fields = {};
		for (const column of this.columns.slice(1))
			row.append(row.fields[column.name] =
				element('td', column.name));
		row.path = svg('path');
		const spark = svg('svg', { viewBox: `0 0 ${WIDE} ${HIGH}`,
			preserveAspectRatio: 'none', 'aria-hidden': 'true' });
		spark.append(row.path);
		row.fields.spark.append(spark);
		row.bar = element('span', 'share-bar');
		row.share = element('span');
		row.fields.share.append(row.bar, row.share);
		this.#rows.set(group, row);
		return row;
	}

	#fill(row, data, kept, series) {
		const fields = row.fields;
		const group = row.group;
		const orders = Number(kept.newest.orders);
		const slot = series.slot(group);

		row.data = data;
		sayNumber(fields.count, data.count);
		sayNumber(fields.total, data.total);
		if (data.sum !== undefined && fields.sum) {
			sayNumber(fields.sum, data.sum);
			sayNumber(fields['total-sum'], data.total_sum);
		}
		say(row.share, percent(Number(data.count), orders));
		const wide = (data.count / this.#largest).toFixed(2);
		if (wide !== row.wide)
			row.bar.style.transform = `scaleX(${row.wide = wide})`;
		if (slot !== row.slot) {
			row.slot = slot;
			row.swatch.className = slot < 0
				? 'swatch' : `swatch c${slot}`;
		}
		if (group !== OTHER)
			row.path.setAttribute('d', sparkPath(kept.column(group)));
	}

	draw(kept, series, picked) {
		const { newest } = kept;
		const here = new Set();

		this.#columns(newest);
		this.#largest = newest.rows.reduce(
			(most, { count }) => Math.max(most, count), 1);
		newest.rows.forEach((data, i) => {
			const group = groupOf(data, newest.labels[i]);
			here.add(group);
			this.#fill(this.#rows.get(group) ?? this.#add(group), data,
				kept, series);
		});
		for (const [group, row] of this.#rows) {
			if (here.has(group))
				continue;
			if (row.contains(document.activeElement))
				this.#body.closest('.scroll').focus();
			row.remove();
			this.#rows.delete(group);
		}
		this.mark(picked);
		/* Rows do not run away from under a finger. */
		if (!this.#body.matches(':hover, :focus-within'))
			this.#order();
		else
			for (const row of this.#rows.values())
				if (!row.parentNode)
					this.#body.append(row);
	}

	#order() {
		const { of, name } = COLUMNS.find(
			(column) => column.name === this.#sort);
		const sign = this.#down ? -1 : 1;
		const rows = [...this.#rows.values()];
		const compare = name === 'group'
			? (a, b) => of(a).localeCompare(of(b))
			: (a, b) => of(a) - of(b);

		rows.sort((a, b) =>
			(a.group === OTHER) - (b.group === OTHER) ||
			sign * compare(a, b));
		let at = this.#body.firstChild;
		for (const row of rows) {
			if (row === at)
				at = at.nextSibling;
			else
				this.#body.insertBefore(row, at);
		}
	}

	mark(picked) {
		for (const [group, row] of this.#rows) {
			const yes = group === picked;
			if (row.button && row.picked !== yes) {
				row.picked = yes;
				pressed(row.button, yes);
				row.classList.toggle('picked', yes);
			}
		}
	}
}
