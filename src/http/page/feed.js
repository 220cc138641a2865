/* From the server to the page: what is kept, then each window as it comes. */

import { parse, parseMany } from './numbers.js';

const AGAIN = 2000; /* ms */
const POLL = 10000;
const SLICE = 40; /* windows taken at once while loading */
export const MOST = 1440; /* windows */

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function get(path, read = parse) {
	const answer = await fetch(`api/${path}`,
		{ cache: 'no-store', signal: AbortSignal.timeout(8000) });
	if (!answer.ok)
		throw new Error(`${path}: ${answer.status}`);
	return read(await answer.text());
}

/*
 * Calls on.status(status), on.window(doc), on.state(name): live, lost or ended;
 * at the start on.window(newest) alone, then all that are kept between
 * on.loading() and on.loaded(). A window may come twice.
 */
export class Feed {
	#on;
	#events = null;
	#last = null; /* the newest id */
	#run; /* the server's */
	#ended; /* a run */
	#state;
	#missed = 0;

	constructor(on) {
		this.#on = on;
		this.#open();
		setInterval(() => this.#look(), POLL);
		for (const event of ['online', 'pageshow', 'focus'])
			addEventListener(event, () => this.#look());
	}

	#say(state) {
		if (state !== this.#state)
			this.#on.state(this.#state = state);
	}

	#window(doc) {
		this.#last = doc.id;
		this.#on.window(doc);
	}

	async #status() {
		const status = await get('status');
		this.#run = status.run;
		this.#missed = 0;
		this.#on.status(status);
	}

	/* Until the server answers: with another run, where one has ended. */
	async #open() {
		this.#events?.close();
		this.#events = null;
		for (;;) {
			try {
				await this.#status();
				if (this.#run !== this.#ended) {
					if (!this.#last)
						await this.#load();
					break;
				}
			} catch {
				if (this.#state !== 'ended')
					this.#say('lost');
			}
			await pause(AGAIN);
		}
		this.#connect();
	}

	/*
	 * The newest window first: its numbers are there at once, and have
	 * every digit. The others in slices, so that the page answers
	 * meanwhile; what has come since is left to the events.
	 */
	async #load() {
		const [newest] = await get('windows?last=1');
		if (!newest)
			return;
		this.#on.window(newest);
		const docs = await get(`windows?last=${MOST}`, parseMany);
		docs.length = docs.findIndex(({ id }) => id === newest.id) + 1;
		docs[Math.max(docs.length - 1, 0)] = newest;
		this.#on.loading();
		while (docs.length) {
			for (const doc of docs.splice(0, SLICE))
				this.#window(doc);
			await pause(0);
		}
		this.#on.loaded();
	}

	#connect() {
		const events = this.#events =
			new EventSource(`events?after=${this.#last ?? '0-0'}`);

		events.onopen = () => this.#say('live');
		events.onmessage = ({ data }) => {
			const began = performance.now();
			this.#window(parse(data));
			this.#on.spent(performance.now() - began);
		};
		events.addEventListener('status', ({ data }) => {
			const status = parse(data);
			this.#run = status.run;
			this.#on.status(status);
		});
		events.addEventListener('end', () => {
			this.#ended = this.#run;
			this.#say('ended');
			this.#open();
		});
		/* It tries again by itself, unless it gave up. */
		events.onerror = () => {
			if (events !== this.#events)
				return;
			this.#say('lost');
			if (events.readyState === EventSource.CLOSED)
				this.#open();
		};
	}

	/* A connection can be dead without a word: ask on another one. */
	async #look() {
		const events = this.#events;
		if (!events)
			return;
		try {
			await this.#status();
			if (this.#state === 'lost' && events === this.#events)
				this.#open();
		} catch {
			if (++this.#missed > 1)
				this.#say('lost');
		}
	}
}
