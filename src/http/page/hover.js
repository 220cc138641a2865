/* Pointing at the chart: what was in that window, and which group that is. */

import { $, make, name, partialMark, swatch } from './dom.js';
import { OTHER } from './keep.js';
import { clock, grouped, percent, zone } from './numbers.js';

/* Keys, and how many windows they go on. */
const KEYS = {
	ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10,
	Home: -Infinity, End: Infinity,
	ArrowUp: 0, ArrowDown: 0, Escape: 0, Enter: 0, ' ': 0,
};

export class Hover {
	#graph;
	#page;
	#plot = $('plot');
	#id = null; /* of the window pointed at */
	#group;

	/* page: kept, series, stacked, pick(group), speak(text) */
	constructor(graph, page) {
		const plot = this.#plot;
		this.#graph = graph;
		this.#page = page;
		plot.onpointermove = plot.onpointerdown =
			(event) => this.#over(event);
		plot.onpointerleave = plot.onblur = () => this.#show(-1);
		plot.onclick = () => this.#pick();
		plot.onkeydown = (event) => this.#key(event);
	}

	#pick() {
		if (this.#group && this.#group !== OTHER)
			this.#page.pick(this.#group);
	}

	#index() {
		return this.#page.kept.windows.findIndex(
			({ id }) => id === this.#id);
	}

	/* The windows have moved on below the pointer. */
	refresh() {
		if (this.#id)
			this.#show(this.#index());
	}

	#over({ clientX, clientY }) {
		const { left, top } = this.#plot.getBoundingClientRect();
		if (!this.#graph.area)
			return;
		const index = this.#graph.indexAt(clientX - left);
		this.#group = this.#graph.groupAt(index, clientY - top,
			this.#page.stacked);
		this.#show(index);
	}

	#key(event) {
		const { layers, area } = this.#graph;
		const last = this.#page.kept.windows.length - 1;
		const index = this.#id ? this.#index() : last + 1;
		const layer = layers.findIndex(
			({ group }) => group === this.#group);
		const by = KEYS[event.key];

		if (by === undefined || !area)
			return;
		event.preventDefault();
		if (event.key === 'Escape') {
			this.#show(-1);
		} else if (event.key === 'Enter' || event.key === ' ') {
			this.#pick();
		} else {
			const up = (event.key === 'ArrowUp') -
				(event.key === 'ArrowDown');
			if (up)
				this.#group = layers.at(
					Math.max(-1, layer + up) %
					layers.length).group;
			this.#show(Math.min(last, Math.max(0, index + by)));
			const said = $('tip').querySelectorAll('p, .here td');
			this.#page.speak([...said]
				.map((node) => node.textContent).join(', '));
		}
	}

	#row({ group, column }, index, window) {
		const count = column[index];
		const look = group === OTHER
			? 'other' : `c${this.#page.series.slot(group)}`;
		const className = group === this.#group ? 'here' : '';
		return make('tr', { className },
			make('td', {}, swatch(look), name(group)),
			make('td', {}, Number.isNaN(count) ? 'in (other)'
				: grouped(window.counts.get(group) ?? count)),
			make('td', {}, percent(count || 0, window.orders)));
	}

	/* -1: nothing. */
	#show(index) {
		const window = this.#page.kept.windows[index];
		const [tip, cross] = [$('tip'), $('cross')];

		this.#id = window?.id;
		tip.hidden = cross.hidden = !window;
		if (!window)
			return;
		const { area, layers } = this.#graph;
		const left = this.#graph.left(index);
		const right = left > (area.left + area.right) / 2;
		tip.replaceChildren(
			make('p', {}, `${clock(window.from)} – ` +
				`${clock(window.to)} ${zone.name}`),
			make('p', {}, `${grouped(window.orders)} orders`,
				partialMark(window)),
			make('table', {}, ...layers.map((layer) =>
				this.#row(layer, index, window)).reverse()));
		cross.style.left = `${left}px`;
		cross.style.top = `${area.top}px`;
		cross.style.height = `${area.height}px`;
		tip.style.left = right ? 'auto' : `${left + 12}px`;
		tip.style.right = right
			? `${this.#plot.clientWidth - left + 12}px` : 'auto';
	}
}
