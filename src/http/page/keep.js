/* The windows that are kept, oldest first, and what is asked of them. */

/* The row (other), which has no key: a group may have that name. */
export const OTHER = '\0(other)';

const HOUR = 3600e3;

export const groupOf = (row, label) =>
	row.key === null ? OTHER : label.join('\t');

function windowOf(doc) {
	const to = Date.parse(doc.end);
	const step = 1000 * (doc.rows[0]?.slide ?? doc.seconds);
	const { id, partial, seconds, orders, summary } = doc;
	const counts = new Map();

	doc.rows.forEach((row, i) =>
		counts.set(groupOf(row, doc.labels[i]), row.count));
	/* Are groups without a row in (other), or had they none? */
	const cut = counts.delete(OTHER) || doc.left_out > 0;
	return { id, partial, seconds, orders, summary, counts, cut, to,
		from: Date.parse(doc.start), step, at: to - step / 2 };
}

export class Kept {
	windows = [];
	newest = null; /* the document */
	limit = 720;
	changes = 0; /* grows when other than one new window came */
	#ids = new Set();
	#sums = new Map(); /* of each group with a row in a window kept */
	#columns = new Map();

	/* Those that ended by then stay. */
	clear(ms = -Infinity) {
		this.windows = this.windows.filter(({ to }) => to <= ms);
		this.#ids = new Set(this.windows.map(({ id }) => id));
		this.#columns.clear();
		this.#sums.clear();
		for (const window of this.windows)
			this.#count(window, 1);
		this.changes++;
	}

	/* False: it is kept already. */
	add(doc) {
		if (this.#ids.has(doc.id))
			return false;
		const window = windowOf(doc);
		/* Another run may be of another query, or begin earlier (the
		 * same files): so do we. */
		if (this.#isOther(doc))
			this.clear();
		else if (window.to < this.windows.at(-1)?.to)
			this.clear(window.from);
		this.#ids.add(doc.id);
		this.windows.push(window);
		this.#count(window, 1);
		for (const [group, column] of this.#columns)
			column.push(this.count(window, group));
		while (this.windows.length > this.limit) {
			const old = this.windows.shift();
			this.#ids.delete(old.id);
			this.#count(old, -1);
			for (const column of this.#columns.values())
				column.shift();
		}
		this.newest = doc;
		return true;
	}

	#isOther({ keys, partial, seconds }) {
		const { newest } = this;
		return newest && (String(keys) !== String(newest.keys) ||
			(!partial && !newest.partial &&
				Number(seconds) !== Number(newest.seconds)));
	}

	#count(window, sign) {
		for (const [group, count] of window.counts) {
			const sum = this.sum(group) + sign * count;
			if (sum > 0)
				this.#sums.set(group, sum);
			else
				this.#sums.delete(group);
		}
	}

	/* NaN: not known, it is in (other). */
	count(window, group) {
		const unknown = window.cut ? NaN : 0;
		return Number(window.counts.get(group) ?? unknown);
	}

	/* A group's counts, one for each window; ours. */
	column(group) {
		if (!this.#columns.has(group)) {
			if (this.#columns.size > 300)
				this.#columns.clear();
			this.#columns.set(group, this.windows.map(
				(window) => this.count(window, group)));
		}
		return this.#columns.get(group);
	}

	sum(group) {
		return this.#sums.get(group) ?? 0;
	}

	groups() {
		return this.#sums.keys();
	}

	/* Those of the last hour, or the last twelve where windows are long. */
	hour() {
		const since = this.windows.at(-1).to - HOUR;
		const first = this.windows.findIndex(({ to }) => to > since);
		return this.windows.slice(Math.min(first, -12 +
			Math.max(12, this.windows.length)));
	}

	/*
	 * What value(window, index) gives for the whole ones of them that are
	 * as long as the newest, and have no order in common with it.
	 */
	before(value) {
		const hour = this.hour();
		const skipped = this.windows.length - hour.length;
		const last = hour.at(-1);
		const long = (window) => window.to - window.from;
		return hour.map((window, i) => window.partial ||
			window.to > last.from || long(window) !== long(last)
			? NaN : Number(value(window, skipped + i)))
			.filter((number) => !Number.isNaN(number));
	}
}
