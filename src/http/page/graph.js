/*
 * The chart of the kept windows. Chart.js draws axes, lines and areas; the sums
 * of a stack are ours, and so are hatched (partial) windows and what is usual.
 */

import { hatch, optionsOf } from './axes.js';
import { OTHER } from './keep.js';
import { MOST } from './series.js';

export class Graph {
	layers = []; /* {group, column, tops}, the lowest first */
	#canvas;
	#chart = null;
	#kept;
	#range; /* usual counts, where they are shown */
	#shape = '';
	#style;

	constructor(canvas) {
		this.#canvas = canvas;
		this.restyle();
	}

	/* After a change of colours or sizes. */
	restyle() {
		const root = getComputedStyle(document.documentElement);
		const colour = (name) => root.getPropertyValue(name).trim();
		const size = parseFloat(root.fontSize) * 0.78;
		this.#style = {
			slots: [...Array(MOST).keys()].map(
				(i) => colour(`--c${i}`)),
			other: colour('--other'),
			picked: colour('--accent'),
			card: colour('--card'),
			text: colour('--soft'),
			grid: colour('--grid'),
			hatch: hatch(colour('--card'), colour('--text'),
				Math.round(size / 2)),
			thin: size / 12, /* a line, from near or afar */
			font: { size, family: root.fontFamily },
		};
		this.#chart?.destroy();
		this.#chart = null;
	}

	#open() {
		const draw = (chart) => this.#marks(chart);

		this.#shape = '';
		return new Chart(this.#canvas, {
			type: 'line',
			data: { datasets: [] },
			plugins: [{ afterDatasetsDraw: draw }],
			options: optionsOf(this.#style),
		});
	}

	/* What is in no layer is in (other). */
	#stack(groups, stacked) {
		const { windows } = this.#kept;
		const sum = new Float64Array(windows.length);
		const rest = (window, i) => Math.max(0, window.orders - sum[i]);

		this.layers = groups.map((group) => {
			const column = group === OTHER
				? windows.map(rest) : this.#kept.column(group);
			column.forEach((count, i) => sum[i] += count || 0);
			const tops = stacked ? [...sum] : column;
			return { group, column, tops };
		}).filter(({ group, column }) => group !== OTHER ||
			column.some((count) => count > 0));
	}

	/* Where no window follows on another the line ends, at its bounds. */
	#points(tops) {
		const { windows } = this.#kept;
		const points = [];
		let open = false;

		windows.forEach(({ at, step, to }, i) => {
			const y = tops[i];
			const next = windows[i + 1];
			if (!open)
				points.push({ x: at - step / 2, y });
			points.push({ x: at, y });
			open = next?.to - to < 1.5 * next?.step;
			if (!open)
				points.push({ x: at + step / 2, y },
					{ x: at + step / 2, y: NaN });
		});
		return points;
	}

	#dataset(group, slot, stacked, picked) {
		const { slots, other, card, thin } = this.#style;
		const back = picked && group !== picked;
		const colour = back || group === OTHER ? other
			: slots[slot] ?? this.#style.picked;
		const width = back ? 0.5 : picked ? 3 : 1.8;
		if (!stacked)
			return {
				borderColor: colour,
				borderWidth: width * thin,
				order: group === picked ? -1 : 0,
			};
		const dense = this.#kept.windows.length > 360;
		return {
			backgroundColor: colour,
			fill: 'origin',
			borderColor: card,
			borderWidth: dense ? 0 : thin,
		};
	}

	draw({ kept, series, stacked, picked }, range) {
		const { windows } = kept;
		const shape = [stacked, picked, series.changes].join();

		this.#kept = kept;
		this.#range = range;
		this.#stack([...new Set(
			!stacked ? [...series.list, picked ?? series.list[0]]
			: picked ? [picked] : [...series.list, OTHER],
		)], stacked);
		this.#chart ??= this.#open();
		const { data, options: { scales: { x, y } } } = this.#chart;
		if (shape !== this.#shape ||
		    data.datasets.length !== this.layers.length)
			data.datasets = this.layers.map(
				({ group }) => this.#dataset(group,
					series.slot(group), stacked, picked));
		this.#shape = shape;
		this.layers.forEach(({ tops }, i) =>
			data.datasets[i].data = this.#points(tops));
		x.min = windows[0].at - windows[0].step / 2;
		x.max = windows.at(-1).at + windows.at(-1).step / 2;
		/* High enough for what is looked at, and for what is usual. */
		const top = 1.06 * this.layers.reduce((most, { group, tops }) =>
			!picked || group === picked ? tops.reduce(
				(a, b) => b > a ? b : a, most) : most, 1);
		y.max = Math.max(top, Math.min(1.02 * (range?.high ?? 0),
			1.4 * top));
		this.#chart.update('none');
	}

	#marks({ ctx, chartArea, scales: { x, y } }) {
		const { left, top, width, height } = chartArea;

		ctx.save();
		ctx.fillStyle = this.#style.hatch;
		for (const { at, step, partial } of this.#kept.windows) {
			const from = x.getPixelForValue(at - step / 2) - 1;
			const to = x.getPixelForValue(at + step / 2) + 1;
			if (partial)
				ctx.fillRect(from, top, to - from, height);
		}
		ctx.strokeStyle = this.#style.text;
		ctx.lineWidth = this.#style.thin;
		ctx.setLineDash([2 * ctx.lineWidth, 4 * ctx.lineWidth]);
		for (const count of this.#range
			? [this.#range.low, this.#range.high] : []) {
			const at = Math.round(y.getPixelForValue(count)) + 0.5;
			if (at < top || count === 0)
				continue;
			ctx.beginPath();
			ctx.moveTo(left, at);
			ctx.lineTo(left + width, at);
			ctx.stroke();
		}
		ctx.restore();
	}

	/* For who points at it; undefined: nothing is drawn. */
	get area() {
		return this.#chart?.chartArea;
	}

	left(index) {
		return this.#chart.scales.x.getPixelForValue(
			this.#kept.windows[index].at);
	}

	/* The window nearest to a place. */
	indexAt(pixel) {
		const ms = this.#chart.scales.x.getValueForPixel(pixel);
		const gaps = this.#kept.windows.map(
			({ at }) => Math.abs(at - ms));
		return gaps.indexOf(Math.min(...gaps));
	}

	/* The group whose area is there, or the nearest line. */
	groupAt(index, pixel, stacked) {
		const count = this.#chart.scales.y.getValueForPixel(pixel);
		const gap = ({ tops }) => Math.abs(tops[index] - count);
		const layer = stacked
			? this.layers.find(({ tops }) => count <= tops[index])
			: this.layers.filter((one) => gap(one) >= 0)
				.sort((a, b) => gap(a) - gap(b))[0];
		return layer?.group;
	}
}
