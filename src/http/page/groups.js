/* The table of groups: those of the newest window, a row each. */

import { $, make, name, picker, plain, say, sayNumber, swatch }
	from './dom.js';
import { OTHER, groupOf } from './keep.js';
import { percent } from './numbers.js';

const SPARK = 60; /* windows */
const WIDE = 120;
const HIGH = 24;
const SVG = 'http://www.w3.org/2000/svg';

/* Its class, its title, what it is sorted by. */
const COLUMNS = [
	['group', undefined, (row) => plain(row.group)],
	['count', 'Count', (row) => row.data.count],
	['share', 'Share'],
	['spark', 'Lately'],
	['total', 'Total', (row) => row.data.total],
];
const SUMS = [
	['sum', 'Sum', (row) => row.data.sum],
	['total-sum', 'Total sum', (row) => row.data.total_sum],
];

/* Counts are drawn from 0; where none is known, there is no line. */
function sparkPath(counts) {
	const step = WIDE / Math.max(1, counts.length - 1);
	const top = Math.max(1, ...counts.filter((count) => count > 0));
	let path = '';
	let pen = 'M';

	counts.forEach((count, i) => {
		const y = HIGH - 1 - Math.round((HIGH - 3) * count / top);
		const dot = pen === 'M' ? 'h1' : '';
		if (!Number.isNaN(count))
			path += `${pen}${Math.round(i * step)} ${y}${dot}`;
		pen = Number.isNaN(count) ? 'M' : 'L';
	});
	return path;
}

function spark(row) {
	const svg = document.createElementNS(SVG, 'svg');
	row.path = document.createElementNS(SVG, 'path');
	svg.setAttribute('viewBox', `0 0 ${WIDE} ${HIGH}`);
	svg.setAttribute('preserveAspectRatio', 'none');
	svg.setAttribute('role', 'img');
	svg.append(row.path);
	return svg;
}

export class Groups {
	#rows = new Map();
	#body = $('groups').tBodies[0];
	#head = $('groups').tHead;
	#columns = [];
	#layout = '';
	#sort = 'total';
	#down = true;
	#kept;
	/* Only what is in sight has its line drawn. */
	#sight = new IntersectionObserver((entries) => {
		for (const { target, isIntersecting } of entries) {
			target.inSight = isIntersecting;
			this.#drawSpark(target);
		}
	}, { rootMargin: '100px' });

	constructor(pick) {
		this.#body.onclick = ({ target }) => {
			const { group } = target.closest('tr');
			if (group !== OTHER)
				pick(group);
		};
	}

	/* The columns are always the same, unless another run has others. */
	#start({ keys, rows }) {
		const sums = rows.some(({ sum }) => sum !== undefined);
		const layout = keys.join('\t') + sums;
		if (layout === this.#layout)
			return;
		this.#layout = layout;
		this.#columns = [...COLUMNS, ...sums ? SUMS : []];
		this.#sight.disconnect();
		this.#rows.clear();
		this.#body.replaceChildren();
		this.#head.replaceChildren(make('tr', {}, ...this.#columns.map(
			([kind, title = keys.join(' · '), by]) => make('th',
				{ scope: 'col', className: kind },
				by ? this.#sorter(kind, title) : title))));
		this.#order();
	}

	#sorter(kind, title) {
		const onclick = () => this.#sortBy(kind);
		return make('button', { type: 'button', onclick }, title);
	}

	#sortBy(kind) {
		this.#down = this.#sort === kind
			? !this.#down : kind !== 'group';
		this.#sort = kind;
		this.#order();
	}

	#add(group) {
		const row = make('tr', { group });
		row.dataset.group = plain(group);
		row.button = group === OTHER
			? make('span', { className: 'button' }, swatch(''),
				name(group))
			: picker(group, -1, false);
		row.append(make('th', { scope: 'row', className: 'group' },
			row.button), ...this.#columns.slice(1).map(
			([className]) => make('td', { className })));
		row.bar = make('span', { className: 'bar' });
		row.share = make('span');
		row.children[2].append(row.bar, row.share);
		if (group !== OTHER)
			row.children[3].append(spark(row));
		this.#rows.set(group, row);
		this.#sight.observe(row);
		return row;
	}

	#fill(row, data, largest, { kept, series, picked }) {
		const { group, cells } = row;
		const size = group === OTHER ? 0 : data.count / largest;
		const part = `scaleX(${size.toFixed(2)})`;
		const look = `swatch c${series.slot(group)}`;

		row.data = data;
		sayNumber(cells[1], data.count);
		sayNumber(cells[4], data.total);
		if (data.sum !== undefined) {
			sayNumber(cells[5], data.sum);
			sayNumber(cells[6], data.total_sum);
		}
		say(row.share, percent(data.count, kept.newest.orders));
		if (part !== row.part)
			row.bar.style.transform = row.part = part;
		if (group === OTHER)
			return;
		if (look !== row.look)
			row.button.firstChild.className = row.look = look;
		row.button.ariaPressed = group === picked;
		this.#drawSpark(row);
	}

	#drawSpark({ inSight, group, path }) {
		if (group === OTHER)
			return;
		const counts = this.#kept.column(group).slice(-SPARK);
		const known = counts.filter((count) => count >= 0);
		const words = `${Math.min(...known)} to ` +
			`${Math.max(...known)} in ${counts.length} windows`;
		if (path.parentNode.ariaLabel !== words)
			path.parentNode.ariaLabel = words;
		if (inSight)
			path.setAttribute('d', sparkPath(counts));
	}

	draw(page) {
		const { newest } = page.kept;
		const largest = Math.max(1, ...newest.rows.map(
			({ key, count }) => key === null ? 0 : count));
		const gone = new Set(this.#rows.keys());

		this.#kept = page.kept;
		this.#start(newest);
		newest.rows.forEach((data, i) => {
			const group = groupOf(data, newest.labels[i]);
			gone.delete(group);
			const row = this.#rows.get(group) ?? this.#add(group);
			this.#fill(row, data, largest, page);
		});
		for (const group of gone) {
			const row = this.#rows.get(group);
			if (row?.contains(document.activeElement))
				$('groups').parentNode.focus();
			if (row)
				this.#sight.unobserve(row);
			row?.remove();
			this.#rows.delete(group);
		}
		/* Rows do not run away from under a finger. */
		const rows = [...this.#rows.values()];
		if (this.#body.matches(':hover, :focus-within'))
			this.#body.append(
				...rows.filter((row) => !row.parentNode));
		else
			this.#order();
	}

	#order() {
		const sign = this.#down ? -1 : 1;
		const [, , by] = this.#columns.find(
			([kind]) => kind === this.#sort) ?? COLUMNS[4];
		const text = this.#sort === 'group';
		const rows = [...this.#rows.values()].sort((a, b) =>
			(a.group === OTHER) - (b.group === OTHER) || sign *
			(text ? by(a).localeCompare(by(b)) : by(a) - by(b)));
		let at = this.#body.firstChild;

		for (const row of rows) {
			if (row === at)
				at = at.nextSibling;
			else
				this.#body.insertBefore(row, at);
		}
		for (const cell of this.#head.rows[0].cells)
			cell.ariaSort = cell.className !== this.#sort ? null
				: this.#down ? 'descending' : 'ascending';
	}
}
