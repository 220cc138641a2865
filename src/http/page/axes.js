/* What Chart.js is told: axes, their labels, and all that it shall not do. */

import { away, clock, day, grouped } from './numbers.js';

const DAY = 86400e3;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
	10800, 21600, 43200, 86400, 172800, 604800].map((s) => s * 1000);

/* A pattern that is visible on areas and beside them. */
export function hatch(back, line, size) {
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

/* Seconds only where ticks are that near. */
const label = (ms, _, [first, second]) => (ms - away(ms)) % DAY === 0
	? day(ms).slice(5)
	: clock(ms).slice(0, second?.value - first.value < 60000 ? 8 : 5);

/* In place of the library's ticks: at full hours, minutes, seconds. */
function ticks(axis, most) {
	const { min, max } = axis;
	const step = STEPS.find((s) => (max - min) / s <= most) ?? max - min;
	const zero = away(max);
	axis.ticks = [];
	for (let ms = Math.ceil((min - zero) / step) * step + zero; ms <= max;
	     ms += step)
		axis.ticks.push({ value: ms });
}

export function optionsOf({ text: color, grid, font }) {
	const x = {
		type: 'linear',
		grid: { display: false },
		ticks: { color, font, autoSkip: false, maxRotation: 0 },
		afterBuildTicks(axis) {
			ticks(axis, axis.chart.width / font.size / 7.5);
		},
	};
	const y = {
		min: 0,
		grid: { color: grid, drawBorder: false },
		ticks: { color, font, maxTicksLimit: 6, precision: 0 },
	};

	x.ticks.callback = label;
	y.ticks.callback = grouped;
	y.ticks.includeBounds = false;
	return {
		animation: false,
		parsing: false,
		normalized: true,
		events: [],
		maintainAspectRatio: false,
		elements: { point: { radius: 0 } },
		plugins: {
			legend: { display: false },
			tooltip: { enabled: false },
		},
		scales: { x, y },
	};
}
