/* The page: what came in goes to its parts, at most once a frame. */

import { drawAttention, findings } from './attention.js';
import { $, make, picker, plain, say, swatch } from './dom.js';
import { Feed, MOST } from './feed.js';
import { Graph } from './graph.js';
import { Groups } from './groups.js';
import { drawHeadline, judge } from './headline.js';
import { Hover } from './hover.js';
import { Kept, OTHER } from './keep.js';
import { duration, usual, zone } from './numbers.js';
import { Series } from './series.js';
import { drawStatus, drawTallies, drawTrending } from './side.js';
import { ChartTable } from './table.js';

const FEW = 8; /* groups */
const QUIET = 20000; /* ms between what is said aloud */

const page = {
	kept: new Kept(),
	series: new Series(),
	status: null,
	state: 'connecting',
	lostAt: 0,
	cameAt: 0, /* the newest window, by performance.now() */
	judged: null, /* it, by those before */
	stacked: true,
	picked: null,
	pick,
	speak: (text) => say($('spoken'), text),
};
const graph = new Graph($('chart'));
const hover = new Hover(graph, page);
const groups = new Groups(pick);
const table = new ChartTable();
let asked = false; /* for a frame */
let loading = false;
let fresh = false; /* windows came since the last frame */
let changed = false; /* what is looked at, or how */
let spentMs = 0; /* on the windows since the last frame */
let spokenAt = -QUIET;

function frame() {
	if (asked || loading || document.hidden)
		return;
	asked = true;
	requestAnimationFrame(() => {
		asked = false;
		if (!loading)
			draw();
	});
}

function redraw() {
	changed = true;
	frame();
}

function draw() {
	const start = performance.now() - spentMs;
	const { kept, status } = page;

	if (fresh) {
		page.series.choose(kept);
		page.judged = judge(kept);
		drawHeadline(kept, page.judged);
		drawTallies(kept);
		drawTrending(kept, status);
		const { classList } = document.body;
		classList.add('begun');
		classList.toggle('few', kept.newest.rows.length <= FEW);
	}
	if (!kept.newest) {
		drawWaiting();
	} else if (fresh || changed) {
		groups.draw(page);
		drawChart();
	}
	drawNews();
	if (fresh) {
		if (performance.getEntriesByType('measure').length > 500)
			performance.clearMeasures();
		performance.measure('ordercount:update', { start });
	}
	fresh = changed = false;
	spentMs = 0;
}

function drawChart() {
	const { kept, series, stacked, picked } = page;
	const column = picked && kept.column(picked);

	range = picked ? usual(kept.before((_, i) => column[i]))
		: stacked ? page.judged.range : null;
	/* The library may come later than the first window. */
	if (!table.open && window.Chart)
		graph.draw(page, range);
	table.draw(page);
	drawLegend();
	hover.refresh();
	$('all-groups').hidden = !picked;
	const groupCount = series.list.length;
	$('chart').ariaLabel = `${stacked ? 'Areas' : 'Lines'} of ` +
		`${groupCount} groups in ${kept.windows.length} windows` +
		`${picked ? `, ${plain(picked)} picked out` : ''}; ` +
		'the same as a table follows';
}

let range; /* usual counts in the chart */
let legend;

function drawLegend() {
	const { kept, series, picked } = page;
	const notes = [
		graph.layers.at(-1)?.group === OTHER &&
			['other', '(other)'],
		kept.windows.some(({ partial }) => partial) &&
			['hatched', 'partial window'],
		range && ['dotted', 'usual'],
	].filter(Boolean);
	const list = [...new Set([...series.list, picked])].filter(Boolean);
	const shape = [...list, series.changes, picked, ...notes].join('\n');
	const buttons = $('legend').getElementsByTagName('button');
	const focused = [...buttons].indexOf(document.activeElement);

	if (shape === legend)
		return;
	legend = shape;
	const button = (group) => picker(group, series.slot(group),
		group === picked, () => pick(group));
	const note = ([kind, text]) =>
		make('li', { className: 'button' }, swatch(kind), text);
	$('legend').replaceChildren(
		...list.map((group) => make('li', {}, button(group))),
		...notes.map(note));
	buttons[focused]?.focus();
}

const WAITING = {
	ended: 'The run ended before its first window',
	lost: 'No connection to ordercount',
};

function drawWaiting() {
	const { status, state } = page;
	const by = status?.timed ? ', by the time in the records' : '';
	say($('waiting-title'),
		WAITING[state] ?? 'Waiting for the first window');
	if (status?.member)
		say($('waiting-text'), 'This is a member of a group: ' +
			'the merge that adds up what it counts has a page.');
	else if (status?.window_seconds > 0)
		say($('waiting-text'), 'A window is ' +
			`${duration(status.window_seconds)} long${by}; ` +
			'it is shown here as soon as it is over.');
}

/* What is wrong; said aloud when it changes, but not all the time. */
function drawNews() {
	const { kept, judged } = page;
	const news = drawAttention(findings(page), !kept.newest);
	const rate = judged ? `${judged.rate} ${judged.unit}` : '';
	const sign = $('attention').dataset.state === 'look' ? '▲ ' : '';

	document.title = `${sign}${rate && `${rate} · `}ordercount`;
	if (news && rate && performance.now() - spokenAt > QUIET) {
		spokenAt = performance.now();
		page.speak(`${rate}; ${news}`);
	}
}

/* The same group again: all groups. */
function pick(group) {
	page.picked = group === page.picked ? null : group;
	redraw();
}

for (const mode of ['stacked', 'lines'])
	$(`mode-${mode}`).onclick = () => {
		page.stacked = mode === 'stacked';
		$('mode-stacked').ariaPressed = page.stacked;
		$('mode-lines').ariaPressed = !page.stacked;
		redraw();
	};

$('all-groups').onclick = () => {
	$('mode-stacked').focus();
	pick(page.picked);
};

function showTable(open) {
	table.open = $('plot').hidden = open;
	$('chart-as-table').ariaPressed = open;
	$('chart-table-box').className = open ? 'scroll' : 'unseen';
	$('chart-table-box').tabIndex = open ? 0 : -1;
	redraw();
}

$('chart-as-table').onclick = () => showTable(!table.open);
$('library').onload = redraw;
$('library').onerror = () => showTable(true);
document.addEventListener('visibilitychange', redraw);

/* An address that ends in #local is one to keep. */
function setZone(local) {
	zone.local = local;
	zone.name = local ? 'local' : 'UTC';
	say($('zone'), `Times: ${zone.name}`);
	fresh = page.kept.newest !== null;
	frame();
}

$('zone').onclick = () => {
	setZone(!zone.local);
	history.replaceState(null, '', zone.local ? '#local' : '#');
};
setZone(location.hash === '#local');

let timer;

function restyle() {
	clearTimeout(timer);
	timer = setTimeout(() => {
		graph.restyle();
		redraw();
	}, 100);
}

addEventListener('resize', restyle);
for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)'])
	matchMedia(query).onchange = restyle;

const WORDS = {
	live: 'live',
	lost: 'connection lost, trying again',
	ended: 'the run has ended',
};

new Feed({
	window(doc) {
		if (!page.kept.add(doc))
			return;
		page.cameAt = performance.now();
		fresh = true;
		frame();
	},
	loading() {
		page.kept.clear();
		loading = true;
	},
	loaded() {
		loading = false;
		frame();
	},
	spent: (ms) => spentMs += ms,
	status(status) {
		page.status = status;
		page.kept.limit = Math.min(status.keep, MOST);
		drawStatus(status);
		frame();
	},
	state(state) {
		page.state = document.body.dataset.connection =
			$('connection').dataset.state = state;
		page.lostAt = Math.floor(Date.now() / 1000) * 1000;
		page.cameAt = performance.now();
		say($('connection'), WORDS[state]);
		frame();
	},
});

/* That nothing comes is news, too; the title says it where nobody looks. */
setInterval(() => {
	if (!document.hidden) {
		frame();
	} else if (!loading) {
		page.judged = page.kept.newest && judge(page.kept);
		drawNews();
	}
}, 5000);
