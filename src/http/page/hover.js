/* Pointing at the chart: what was in that window, and which group that is. */

import { $, element, groupName, groupText, say, swatch } from './dom.js';
import { OTHER } from './keep.js';
import { clock, grouped, percent, zoneName } from './numbers.js';

export class Hover {
	#graph;
	#page;
	#plot = $('plot');
	#tip = $('tip');
	#cross = $('cross');
	#id = null; /* of the window pointed at */
	#group = null;

	/* page: kept, series, stacked, pick(group), speak(text) */
	constructor(graph, page) {
		this.#graph = graph;
		this.#page = page;
		const plot = this.#plot;
		plot.addEventListener('pointermove', (event) => this.#over(event));
		plot.addEventListener('pointerdown', (event) => this.#over(event));
		plot.addEventListener('pointerleave', () => this.hide());
		plot.addEventListener('blur', () => this.hide());
		plot.addEventListener('click', () => {
			if (this.#group && this.#group !== OTHER)
				page.pick(this.#group);
		});
		plot.addEventListener('keydown', (event) => this.#key(event));
	}

	hide() {
		this.#id = this.#group = null;
		this.#tip.hidden = this.#cross.hidden = true;
	}

	/* The windows have moved on below the pointer. */
	refresh() {
		const index = this.#index();
		if (index >= 0)
			this.#show(index);
		else if (this.#id)
			this.hide();
	}

	#index() {
		return this.#id
			? this.#page.kept.windows.findIndex((w) => w.id === this.#id)
			: -1;
	}

	#over(event) {
		if (!this.#graph.area)
			return;
		const box = this.#plot.getBoundingClientRect();
		const index = this.#graph.indexAt(event.clientX - box.left);
		this.#group = this.#graph.layerAt(index, event.clientY - box.top,
			this.#page.stacked)?.group ?? null;
		this.#show(index);
	}

	#key(event) {
		const { windows } = this.#page.kept;
		const { layers } = this.#graph;
		const last = windows.length - 1;
		const index = this.#index();
		const layer = layers.findIndex(({ group }) => group === this.#group);
		const to = { ArrowLeft: index < 0 ? last : index - 1,
			ArrowRight: index < 0 ? last : index + 1,
			PageUp: index - 10, PageDown: index + 10,
			Home: 0, End: last }[event.key];

		if (last < 0 || !this.#graph.area)
			return;
		if (to !== undefined) {
			this.#show(Math.min(last, Math.max(0, to)));
		} else if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
			const up = event.key === 'ArrowUp' ? 1 : -1;
			this.#group = layers[(layer + up + layers.length) %
				layers.length].group;
			this.#show(index < 0 ? last : index);
		} else if (event.key === 'Enter' || event.key === ' ') {
			if (this.#group && this.#group !== OTHER)
				this.#page.pick(this.#group);
		} else if (event.key === 'Escape') {
			this.hide();
		} else {
			return;
		}
		event.preventDefault();
		if (this.#index() >= 0 && event.key !== 'Enter')
			this.#page.speak(this.#words());
	}

	#words() {
		const index = this.#index();
		const window = this.#page.kept.windows[index];
		const layer = this.#graph.layers
			.find(({ group }) => group === this.#group);
		return `${clock(window.from)}${window.partial ? ', partial' : ''}: ` +
			`${window.orders} orders` + (layer
			? `, ${groupText(layer.group)} ${this.#count(layer, index)}`
			: '');
	}

	#count(layer, index) {
		const { group, column } = layer;
		const exact = this.#page.kept.windows[index].counts.get(group);
		return Number.isNaN(column[index])
			? 'in (other)' : grouped(exact ?? column[index]);
	}

	#show(index) {
		const window = this.#page.kept.windows[index];
		const { area, layers } = this.#graph;
		const left = this.#graph.left(index);
		const rows = [...layers].reverse();
		const table = element('table');

		this.#id = window.id;
		for (const layer of rows) {
			const row = element('tr', layer.group === this.#group
				? 'here' : '',
			element('td', '', swatch(layer.group === OTHER
				? -2 : this.#page.series.slot(layer.group)),
			groupName(layer.group)),
			element('td', '', this.#count(layer, index)),
			element('td', '', percent(layer.column[index] || 0,
				Number(window.orders))));
			table.append(row);
		}
		this.#tip.replaceChildren(
			element('p', '', `${clock(window.from)} – ` +
				`${clock(window.to)} ${zoneName()}`),
			element('p', '', element('strong', '',
				grouped(window.orders)), ' orders', window.partial
				? element('strong', 'mark-partial', 'partial') : ''),
			table);
		this.#tip.hidden = this.#cross.hidden = false;
		this.#cross.style.left = `${left}px`;
		this.#cross.style.top = `${area.top}px`;
		this.#cross.style.height = `${area.height}px`;
		const right = left > (area.left + area.right) / 2;
		this.#tip.style.left = right ? 'auto' : `${left + 12}px`;
		this.#tip.style.right = right
			? `${this.#plot.clientWidth - left + 12}px` : 'auto';
	}
}
