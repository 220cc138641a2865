/* Which groups the chart shows, in which order, in which colour. */

export const MOST = 9; /* as many as there are colours to tell apart */

export class Series {
	list = []; /* groups, largest first */
	changes = 0;
	#slots = new Map(); /* group -> colour, kept when it falls out */
	#seen = -1;

	/* The colour's number, or -1. */
	slot(group) {
		return this.list.includes(group) ? this.#slots.get(group) : -1;
	}

	/*
	 * Chooses anew. Only groups of the newest window can have grown past
	 * others. Who is in stays in until another is a tenth larger, and those
	 * that differ by little stay where they are: it must not flicker.
	 */
	choose(kept) {
		const all = this.#seen !== kept.changes;
		const from = all
			? kept.groups() : kept.windows.at(-1).counts.keys();
		const place = (group) => kept.sum(group) *
			(this.list.includes(group)
				? 1.1 - 0.01 * this.list.indexOf(group) : 1);
		const next = [...new Set([...this.list, ...from])]
			.filter((group) => kept.sum(group) > 0)
			.sort((a, b) => place(b) - place(a)).slice(0, MOST);

		this.#seen = kept.changes;
		if (next.join('\n') === this.list.join('\n'))
			return;
		this.list = next;
		this.changes++;
		this.#colour();
	}

	/* A group keeps its colour; by name, so that other screens agree. */
	#colour() {
		if (this.#slots.size > 1000)
			this.#slots.clear();
		const slots = this.#slots;
		const used = new Set();
		const fresh = this.list.filter((group) => {
			const taken = used.has(slots.get(group));
			used.add(slots.get(group));
			return taken || !slots.has(group);
		});
		for (const group of fresh.sort()) {
			let slot = 0;
			while (used.has(slot))
				slot++;
			used.add(slot);
			slots.set(group, slot);
		}
	}
}
