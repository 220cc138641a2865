/* The windows that are kept, oldest first, and what is asked of them. */

/* No label: the row (other) has no key, a group of that name has. */
export const OTHER = '\0other';

const HOUR = 3600e3;

export function groupOf(row, label) {
	return row.key === null ? OTHER : label.join('\t');
}

function windowOf(doc) {
	const counts = new Map();
	const to = Date.parse(doc.end);
	const slide = Number(doc.rows[0]?.slide ?? 0);
	const step = 1000 * (slide || doc.seconds);

	doc.rows.forEach((row, i) => {
		if (row.key !== null)
			counts.set(groupOf(row, doc.labels[i]), row.count);
	});
	return {
		id: doc.id,
		run: doc.id.replace(/-\d+$/, ''),
		from: Date.parse(doc.start),
		to,
		step, /* from window to window */
		at: to - step / 2, /* where it stands in the chart */
		partial: doc.partial,
		seconds: doc.seconds,
		orders: doc.orders,
		summary: doc.summary,
		counts,
		/* Are groups without a row in (other), or had they none? */
		cut: doc.left_out > 0 || doc.rows.at(-1)?.key === null,
	};
}

export class Kept {
	windows = [];
	newest = null; /* the document */
	limit = 720;
	changes = 0; /* grows when other than one new window came */
	#ids = new Set();
	#sums = new Map(); /* of each group with a row in a window kept */
	#columns = new Map();

	/* False: it is kept already. */
	add(doc) {
		if (this.#ids.has(doc.id))
			return false;
		const window = windowOf(doc);
		this.#replay(window);
		this.#ids.add(doc.id);
		this.windows.push(window);
		for (const [group, count] of window.counts)
			this.#sums.set(group, (this.#sums.get(group) ?? 0) +
				Number(count));
		for (const [group, column] of this.#columns)
			column.push(this.count(window, group));
		while (this.windows.length > this.limit)
			this.#forget();
		this.newest = doc;
		return true;
	}

	/* Time has begun anew (the same files, another run): so do we. */
	#replay(window) {
		const last = this.windows.at(-1);
		if (!last || window.to >= last.to)
			return;
		const after = this.windows.filter((old) => old.to <= window.from);
		this.windows = after;
		this.#ids = new Set(after.map((old) => old.id));
		this.#sums.clear();
		this.#columns.clear();
		this.changes++;
		for (const old of after)
			for (const [group, count] of old.counts)
				this.#sums.set(group, Number(count) +
					(this.#sums.get(group) ?? 0));
	}

	#forget() {
		const old = this.windows.shift();
		this.#ids.delete(old.id);
		for (const column of this.#columns.values())
			column.shift();
		for (const [group, count] of old.counts) {
			const left = this.#sums.get(group) - count;
			if (left > 0)
				this.#sums.set(group, left);
			else
				this.#sums.delete(group);
		}
	}

	/* NaN: not known, it is in (other). */
	count(window, group) {
		const count = window.counts.get(group);
		return count !== undefined
			? Number(count) : window.cut ? NaN : 0;
	}

	/* A group's counts, one for each window; ours. */
	column(group) {
		let column = this.#columns.get(group);
		if (!column) {
			if (this.#columns.size > 300)
				this.#columns.clear();
			column = this.windows.map((w) => this.count(w, group));
			this.#columns.set(group, column);
		}
		return column;
	}

	sum(group) {
		return this.#sums.get(group) ?? 0;
	}

	groups() {
		return this.#sums.keys();
	}

	/*
	 * The index of the first window to compare with: of the last hour, or
	 * the last twelve where windows are long.
	 */
	hourStart() {
		const last = this.windows.length - 1;
		const since = (this.windows[last]?.to ?? 0) - HOUR;
		const first = this.windows.findIndex((w) => w.to > since);
		return Math.max(0, last - first < 12 ? last - 12 : first);
	}

	hourIsShort() {
		const first = this.windows[this.hourStart()];
		const last = this.windows.at(-1);
		return first && last.to - first.to > HOUR;
	}

	/*
	 * What value(window, index) gives for the whole windows before the
	 * newest one that have no order in common with it.
	 */
	before(value) {
		const last = this.windows.at(-1);
		const values = [];
		for (let i = this.hourStart(); i < this.windows.length - 1; i++) {
			const window = this.windows[i];
			if (window.partial || window.to > last.from)
				continue;
			const number = Number(value(window, i));
			if (!Number.isNaN(number))
				values.push(number);
		}
		return values;
	}
}
