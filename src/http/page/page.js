/* The page: what came in goes to its parts, at most once a frame. */

import { drawAttention, findings } from './attention.js';
import { $, element, groupName, groupText, pressed, say, setState, swatch }
	from './dom.js';
import { Feed, MOST } from './feed.js';
import { Graph } from './graph.js';
import { Groups } from './groups.js';
import { drawHeadline, judge } from './headline.js';
import { Hover } from './hover.js';
import { Kept, OTHER } from './keep.js';
import { duration, localTime, useLocalTime, zoneName } from './numbers.js';
import { Series } from './series.js';
import { drawStatus, drawTallies, drawTrending } from './side.js';
import { ChartTable } from './table.js';

const page = {
	kept: new Kept(),
	series: new Series(),
	status: null,
	state: 'connecting',
	lostAt: 0,
	cameAt: 0, /* the newest window, by performance.now() */
	stacked: true,
	picked: null,
	pick,
	speak: (text) => say($('spoken'), text),
};
const graph = new Graph($('chart'));
const hover = new Hover(graph, page);
const groups = new Groups(pick);
const table = new ChartTable();
let judged = null;
let asked = false; /* for a frame */
let loading = false;
let fresh = false; /* windows came since the last frame */
let changed = false; /* what is looked at, or how */
let spentMs = 0; /* on them */
let spokenAt = -Infinity;

function frame() {
	if (asked || document.hidden)
		return;
	asked = true;
	requestAnimationFrame(() => {
		asked = false;
		if (!loading)
			draw();
	});
}

function draw() {
	const began = performance.now() - spentMs;
	const { kept } = page;

	if (fresh) {
		page.series.choose(kept);
		judged = judge(kept);
		drawHeadline(kept, judged);
		drawTallies(kept);
		drawTrending(kept, page.status);
	}
	document.body.classList.toggle('begun', kept.newest !== null);
	document.body.classList.toggle('few', kept.newest?.rows.length <= 8);
	if (!kept.newest) {
		drawWaiting();
	} else if (fresh || changed) {
		groups.draw(kept, page.series, page.picked);
		drawChart();
	}
	drawNews();
	if (fresh) {
		if (performance.getEntriesByType('measure').length > 500)
			performance.clearMeasures('ordercount:update');
		performance.measure('ordercount:update', { start: began });
	}
	fresh = changed = false;
	spentMs = 0;
}

function redraw() {
	changed = true;
	frame();
}

function drawChart() {
	const { kept, series, stacked, picked } = page;

	if (!table.open)
		graph.draw(kept, series,
			{ stacked, picked, range: judged.range });
	table.draw(kept, series, picked);
	drawLegend();
	hover.refresh();
	$('all-groups').hidden = !picked;
	const words = `${stacked ? 'Areas' : 'Lines'} of ` +
		`${kept.windows.length} windows, ${series.list.length} groups` +
		(picked ? `, ${groupText(picked)} picked out` : '') +
		'; the same as a table follows.';
	if ($('chart').getAttribute('aria-label') !== words)
		$('chart').setAttribute('aria-label', words);
}

let legendShape = null;

function drawLegend() {
	const { kept, series, picked } = page;
	const list = picked && !series.list.includes(picked)
		? [...series.list, picked] : series.list;
	const other = graph.layers.some(({ group }) => group === OTHER);
	const partial = kept.windows.some((window) => window.partial);
	const shape = [...list, other, partial, picked, series.changes].join('\n');

	if (shape === legendShape)
		return;
	legendShape = shape;
	const focused = document.activeElement?.closest('#legend li')?.group;
	const items = list.map((group) => {
		const button = element('button', '', swatch(series.slot(group)),
			groupName(group));
		button.type = 'button';
		button.onclick = () => pick(group);
		pressed(button, group === picked);
		const item = element('li', '', button);
		item.group = group;
		return item;
	});
	const note = (name, text) => element('li', 'plain',
		element('span', 'swatch ' + name), text);
	if (other)
		items.push(note('other', picked && page.stacked
			? 'all others' : '(other)'));
	if (partial)
		items.push(note('hatched', 'partial window'));
	if (judged.range && page.stacked && !picked)
		items.push(note('dotted', 'usual'));
	$('legend').replaceChildren(...items);
	if (focused !== undefined)
		items.find(({ group }) => group === focused)
			?.firstChild.focus();
}

function drawWaiting() {
	const { status, state } = page;
	if (state === 'ended')
		say($('waiting-title'), 'The run ended before its first window');
	else if (state === 'lost')
		say($('waiting-title'), 'No connection to ordercount');
	else
		say($('waiting-title'), 'Waiting for the first window');
	if (status?.window_seconds > 0)
		say($('waiting-text'), 'A window is ' +
			`${duration(Number(status.window_seconds))} long` +
			`${status.timed ? ', by the time in the records' : ''}; ` +
			'it is shown here as soon as it is over.');
}

/* What is wrong; said aloud when it changes, but not all the time. */
function drawNews() {
	const quietMs = performance.now() - page.cameAt;
	const said = drawAttention(findings({ ...page, judged, quietMs }),
		!page.kept.newest);
	const wrong = $('attention').dataset.state === 'look';
	const now = judged && `${$('rate').textContent} ${judged.unit}`;

	document.title = (wrong ? '▲ ' : '') + (now ? `${now} · ` : '') +
		'ordercount';
	if (said && now && performance.now() - spokenAt > 20000) {
		spokenAt = performance.now();
		page.speak(`${now}; ${said}`);
	}
}

/* The same group again: all groups. */
function pick(group) {
	page.picked = group === page.picked ? null : group;
	redraw();
}

function setMode(stacked) {
	page.stacked = stacked;
	pressed($('mode-stacked'), stacked);
	pressed($('mode-lines'), !stacked);
	legendShape = null;
	redraw();
}

$('mode-stacked').onclick = () => setMode(true);
$('mode-lines').onclick = () => setMode(false);
$('all-groups').onclick = () => {
	$('plot').focus();
	pick(page.picked);
};

function showTable(open) {
	table.open = open;
	pressed($('chart-as-table'), open);
	$('plot').hidden = open;
	$('chart-table-box').className = open ? 'scroll' : 'unseen';
	$('chart-table-box').tabIndex = open ? 0 : -1;
	redraw();
}

$('chart-as-table').onclick = () => showTable(!table.open);

function redrawAll() {
	graph.restyle();
	legendShape = null;
	fresh = page.kept.newest !== null;
	frame();
}

function setZone(local) {
	useLocalTime(local);
	say($('zone'), local ? 'Local time' : 'UTC');
	$('zone').title = `Times are ${zoneName()}; press to change`;
	fresh = page.kept.newest !== null;
	frame();
}

$('zone').onclick = () => setZone(!localTime());
setZone(false);

for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)'])
	matchMedia(query).addEventListener('change', redrawAll);

let resized = 0;
addEventListener('resize', () => {
	clearTimeout(resized);
	resized = setTimeout(redrawAll, 150);
});
document.addEventListener('visibilitychange', frame);
$('library').addEventListener('load', redraw);
$('library').addEventListener('error', () => showTable(true));

function came(doc) {
	if (!page.kept.add(doc))
		return;
	page.cameAt = performance.now();
	fresh = true;
	frame();
}

const WORDS = {
	live: 'live',
	connecting: 'connecting',
	lost: 'connection lost, trying again',
	ended: 'the run has ended',
};

graph.restyle();
new Feed({
	newest: came,
	window: came,
	loading() {
		page.kept = new Kept();
		page.kept.limit = limit();
		loading = true;
	},
	loaded() {
		loading = false;
		frame();
	},
	spent(ms) {
		spentMs += ms;
	},
	status(status) {
		page.status = status;
		page.kept.limit = limit();
		drawStatus(status);
		frame();
	},
	state(state) {
		page.state = state;
		if (state === 'lost')
			page.lostAt = Date.now();
		if (state === 'live')
			page.cameAt = performance.now();
		document.body.dataset.connection = state;
		setState($('connection'), state);
		say($('connection'), WORDS[state]);
		frame();
	},
});

function limit() {
	return Math.min(page.status?.keep ?? 720, MOST);
}

/* That nothing comes is news, too. */
setInterval(frame, 5000);
