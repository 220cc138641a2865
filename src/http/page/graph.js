/*
 * The chart of the kept windows. Chart.js draws axes, lines and areas; the sums
 * of a stack are ours, and so are hatched (partial) windows and what is usual.
 */

import { OTHER } from './keep.js';
import { day, grouped, shortClock, zoneOffset } from './numbers.js';

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
	10800, 21600, 43200, 86400, 172800, 604800].map((s) => s * 1000);

/* Visible on areas and beside them. */
function hatch(back, line, size) {
	const tile = document.createElement('canvas');
	const pen = tile.getContext('2d');
	tile.width = tile.height = size;
	pen.globalAlpha = 0.6;
	pen.fillStyle = back;
	pen.fillRect(0, 0, size, size);
	pen.strokeStyle = line;
	pen.lineWidth = size / 6;
	for (const x of [-size / 2, size / 2, size * 1.5]) {
		pen.moveTo(x - size / 2, size + 1);
		pen.lineTo(x + size / 2, -1);
	}
	pen.stroke();
	return pen.createPattern(tile, 'repeat');
}

export class Graph {
	layers = []; /* {group, column, tops}, the lowest first */
	#canvas;
	#chart = null;
	#kept;
	#range = null; /* usual counts */
	#shape = '';
	#colours;

	constructor(canvas) {
		this.#canvas = canvas;
	}

	get ready() {
		return typeof Chart !== 'undefined';
	}

	/* After a change of colours or sizes. */
	restyle() {
		const style = getComputedStyle(document.documentElement);
		const colour = (name) => style.getPropertyValue(name).trim();
		this.#colours = {
			slots: Array.from({ length: 9 }, (_, i) => colour(`--c${i}`)),
			other: colour('--other'),
			picked: colour('--accent'),
			card: colour('--card'),
			text: colour('--soft'),
			grid: colour('--grid'),
		};
		this.#colours.size = parseFloat(style.fontSize) * 0.78;
		this.#colours.hatch = hatch(colour('--card'), colour('--text'),
			Math.round(this.#colours.size / 2));
		this.#colours.family = getComputedStyle(document.body).fontFamily;
		this.#chart?.destroy();
		this.#chart = null;
		this.#shape = '';
	}

	#open() {
		const { text, grid, size, family } = this.#colours;
		const font = { size, family };
		const graph = this;

		this.#chart = new Chart(this.#canvas, {
			type: 'line',
			data: { datasets: [] },
			plugins: [{
				id: 'marks',
				afterDatasetsDraw: (chart) => graph.#marks(chart),
			}],
			options: {
				animation: false, parsing: false, normalized: true,
				responsive: true, maintainAspectRatio: false,
				events: [], spanGaps: false,
				layout: { padding: { right: 8 } },
				elements: { point: { radius: 0, hitRadius: 0,
					hoverRadius: 0 } },
				plugins: {
					legend: { display: false },
					tooltip: { enabled: false },
				},
				scales: {
					x: {
						type: 'linear',
						grid: { display: false, borderColor: grid },
						afterBuildTicks: (axis) => graph.#ticks(axis),
						ticks: { color: text, font, autoSkip: false,
							maxRotation: 0,
							callback: (ms) => graph.#time(ms) },
					},
					y: {
						min: 0,
						grid: { color: grid, drawBorder: false },
						ticks: { color: text, font, maxTicksLimit: 6,
							includeBounds: false,
							precision: 0, callback: grouped },
					},
				},
			},
		});
	}

	#time(ms) {
		const midnight = (ms - zoneOffset(ms)) % STEPS[17] === 0;
		return midnight ? day(ms).slice(5) : shortClock(ms);
	}

	#ticks(axis) {
		const room = Math.max(2, axis.chart.width / (this.#colours.size * 7.5));
		const away = zoneOffset(axis.max);
		const step = STEPS.find((s) => (axis.max - axis.min) / s <= room) ??
			(axis.max - axis.min) / room;
		axis.ticks = [];
		for (let ms = Math.ceil((axis.min - away) / step) * step + away;
		     ms <= axis.max; ms += step)
			axis.ticks.push({ value: ms });
	}

	#choose(series, stacked, picked) {
		if (picked && stacked)
			return [picked, OTHER];
		if (stacked)
			return [...series.list, OTHER];
		return picked && !series.list.includes(picked)
			? [...series.list, picked] : series.list;
	}

	/* What is in no layer is in (other). */
	#fill(groups, stacked) {
		const { windows } = this.#kept;
		const sum = new Float64Array(windows.length);

		this.layers = groups.map((group) => {
			const column = group === OTHER
				? windows.map((w, i) => Math.max(0, w.orders - sum[i]))
				: this.#kept.column(group);
			for (let i = 0; i < sum.length; i++)
				sum[i] += column[i] || 0;
			return { group, column,
				tops: stacked ? Array.from(sum) : column };
		});
		const rest = this.layers.at(-1);
		if (rest?.group === OTHER && !rest.column.some((n) => n > 0))
			this.layers.pop();
	}

	/* Where no window follows on another the line ends, at its bounds. */
	#points(tops) {
		const { windows } = this.#kept;
		const points = [];
		let open = false;

		for (let i = 0; i < windows.length; i++) {
			const { at, step } = windows[i];
			const y = tops[i];
			const next = windows[i + 1];
			if (!open)
				points.push({ x: at - step / 2, y });
			points.push({ x: at, y });
			open = next && next.at - at < 1.5 * step;
			if (!open)
				points.push({ x: at + step / 2, y },
					{ x: at + step / 2, y: NaN });
		}
		return points;
	}

	#dataset(layer, slot, stacked, picked) {
		const { slots, other, card } = this.#colours;
		const own = layer.group === OTHER ? other
			: slots[slot] ?? this.#colours.picked;
		const back = picked && layer.group !== picked;
		const colour = back ? other + (stacked ? '66' : '70') : own;
		return stacked
			? { backgroundColor: colour, fill: 'origin',
				borderColor: card, borderWidth: back || this.#kept.windows.length > 360
					? 0 : 1 }
			: { borderColor: colour, fill: false,
				borderWidth: layer.group === picked ? 3 : back ? 1 : 1.8,
				borderJoinStyle: 'round',
				borderDash: layer.group === OTHER ? [5, 4] : [],
				order: layer.group === picked ? -1 : 0 };
	}

	/* How high the axis goes: stacked, of all; else of what is looked at. */
	#top(stacked, picked) {
		let top = 0;
		for (const { group, tops } of this.layers)
			if (stacked || !picked || group === picked)
				for (const count of tops)
					if (count > top)
						top = count;
		return Math.max(1, top * 1.06);
	}

	draw(kept, series, { stacked, picked, range }) {
		const shape = [stacked, picked, series.changes].join();

		if (!this.ready || !kept.windows.length)
			return;
		this.#kept = kept;
		if (!this.#chart)
			this.#open();
		this.#range = stacked && !picked ? range : null;
		this.#fill(this.#choose(series, stacked, picked), stacked);
		const { data, options } = this.#chart;
		if (shape !== this.#shape ||
		    data.datasets.length !== this.layers.length)
			data.datasets = this.layers.map((layer) => this.#dataset(
				layer, series.slot(layer.group), stacked, picked));
		this.#shape = shape;
		this.layers.forEach((layer, i) => {
			data.datasets[i].data = this.#points(layer.tops);
		});
		const { x, y } = options.scales;
		const first = kept.windows[0];
		const last = kept.windows.at(-1);
		x.min = first.at - first.step / 2;
		x.max = last.at + last.step / 2;
		y.max = this.#top(stacked, picked);
		this.#chart.update('none');
	}

	#marks(chart) {
		const { ctx, chartArea: area } = chart;
		const { x, y } = chart.scales;

		ctx.save();
		ctx.beginPath();
		ctx.rect(area.left, area.top, area.width, area.height);
		ctx.clip();
		ctx.fillStyle = this.#colours.hatch;
		for (const { at, step, partial } of this.#kept.windows) {
			if (!partial)
				continue;
			const left = x.getPixelForValue(at - step / 2);
			const right = x.getPixelForValue(at + step / 2);
			ctx.fillRect(left - 1, area.top,
				Math.max(4, right - left + 2), area.height);
		}
		if (this.#range) {
			ctx.strokeStyle = ctx.fillStyle = this.#colours.text;
			ctx.setLineDash([2, 4]);
			for (const count of [this.#range.low, this.#range.high]) {
				const at = Math.round(y.getPixelForValue(count)) + 0.5;
				ctx.beginPath();
				ctx.moveTo(area.left, at);
				ctx.lineTo(area.right, at);
				ctx.stroke();
			}
		}
		ctx.restore();
	}

	/* For who points at it; NULL: nothing is drawn. */
	get area() {
		return this.#chart?.chartArea ?? null;
	}

	left(index) {
		return this.#chart.scales.x.getPixelForValue(
			this.#kept.windows[index].at);
	}

	/* The window nearest to a place. */
	indexAt(pixel) {
		const ms = this.#chart.scales.x.getValueForPixel(pixel);
		const { windows } = this.#kept;
		let from = 0;
		let to = windows.length - 1;
		while (from < to) {
			const half = (from + to) >> 1;
			if (windows[half].at < ms)
				from = half + 1;
			else
				to = half;
		}
		return from > 0 && ms - windows[from - 1].at < windows[from].at - ms
			? from - 1 : from;
	}

	/* The layer that is drawn there: its area, or the nearest line. */
	layerAt(index, pixel, stacked) {
		const value = this.#chart.scales.y.getValueForPixel(pixel);
		if (stacked)
			return this.layers.find(({ tops }) => value <= tops[index]);
		const away = ({ tops }) => Math.abs(tops[index] - value);
		return this.layers.filter((layer) => away(layer) >= 0)
			.sort((a, b) => away(a) - away(b))[0];
	}
}
