/* Which groups the chart shows, in which order, in which colour. */

export const MOST = 9; /* as many as there are colours to tell apart */

export class Series {
	#slots = new Map(); /* group -> colour, kept when it falls out */
	list = []; /* groups, largest first */
	changes = 0;
	#seen = -1;

	/* The colour's number, or -1. */
	slot(group) {
		return this.list.includes(group) ? this.#slots.get(group) : -1;
	}

	/*
	 * Chooses anew. Only groups of the newest window can have grown past
	 * others; all are looked at when other than one window came. One that is
	 * in stays in until another is a tenth larger: the chart must not flicker.
	 */
	choose(kept) {
		const again = this.#seen !== kept.changes;
		const from = again
			? kept.groups() : kept.windows.at(-1)?.counts.keys() ?? [];
		const size = (group) => kept.sum(group) *
			(this.list.includes(group) ? 1.1 : 1);
		const sizes = new Map();

		for (const group of [...this.list, ...from])
			if (kept.sum(group) > 0)
				sizes.set(group, size(group));
		const next = [...sizes.keys()]
			.sort((a, b) => sizes.get(b) - sizes.get(a))
			.slice(0, MOST);
		this.#seen = kept.changes;
		this.#settle(next, again, kept);
		if (next.join('\n') === this.list.join('\n'))
			return;
		this.list = next;
		this.changes++;
		this.#colour();
	}

	/* Those that differ by little stay where they were. */
	#settle(next, again, kept) {
		const old = this.list;
		if (!again && next.length === old.length &&
		    next.every((group) => old.includes(group)) &&
		    old.every((group, i) => i === 0 || kept.sum(group) <
			1.05 * kept.sum(old[i - 1])))
			next.splice(0, next.length, ...old);
	}

	/* A group keeps its colour; by name, so that other screens agree. */
	#colour() {
		const used = new Set();
		const fresh = [];

		for (const group of this.list) {
			const slot = this.#slots.get(group);
			if (slot === undefined || used.has(slot))
				fresh.push(group);
			else
				used.add(slot);
		}
		for (const group of fresh.sort()) {
			let slot = 0;
			while (used.has(slot))
				slot++;
			used.add(slot);
			this.#slots.set(group, slot);
		}
		if (this.#slots.size > 1000)
			this.#slots = new Map(this.list.map(
				(group) => [group, this.#slots.get(group)]));
	}
}
