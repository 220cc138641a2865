/* From the server to the page: what is kept, then each window as it comes. */

import { parse, parseMany } from './numbers.js';

const AGAIN = 2000; /* ms */
const POLL = 10000;
const PATIENCE = 8000;
export const MOST = 1440; /* windows */
const SLICE = 40; /* windows taken at once while loading */

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function get(path, read = parse) {
	const answer = await fetch(path, {
		cache: 'no-store',
		signal: AbortSignal.timeout(PATIENCE),
	});
	if (!answer.ok)
		throw new Error(`${path}: ${answer.status}`);
	return read(await answer.text());
}

/*
 * Calls on.status(status), on.window(doc), on.state(name): live, connecting,
 * lost or ended; at the start on.newest(doc) alone, then all that are kept
 * between on.loading() and on.loaded(). A window may come twice.
 */
export class Feed {
	#on;
	#events = null;
	#last = null; /* the newest id */
	#run = null; /* of the last status */
	#endedRun = null;
	#state = 'connecting';
	#opening = false;
	#missed = 0;

	constructor(on) {
		this.#on = on;
		this.#begin();
		setInterval(() => this.#look(), POLL);
		addEventListener('online', () => this.#look());
		addEventListener('pageshow', () => this.#look());
		document.addEventListener('visibilitychange', () => {
			if (!document.hidden)
				this.#look();
		});
	}

	#say(state) {
		if (state !== this.#state)
			this.#on.state(this.#state = state);
	}

	#window(doc) {
		this.#last = doc.id;
		this.#on.window(doc);
	}

	#status(status) {
		this.#run = status.run;
		this.#on.status(status);
	}

	/* The newest window first: its numbers are there at once. */
	async #begin() {
		for (;;) {
			try {
				this.#status(await get('api/status'));
				const [newest] = await get('api/windows?last=1');
				if (newest) {
					this.#on.newest(newest);
					await this.#load(newest);
				}
				break;
			} catch {
				this.#say('lost');
				await pause(AGAIN);
			}
		}
		this.#connect();
	}

	/*
	 * In slices, so that the page answers meanwhile. Only the newest one has
	 * every digit; what has come since is left to the events.
	 */
	async #load(newest) {
		const docs = await get(`api/windows?last=${MOST}`, parseMany);
		const end = docs.findIndex((doc) => doc.id === newest.id);

		docs.length = end + 1;
		docs[Math.max(end, 0)] = newest;
		this.#on.loading();
		for (let i = 0; i < docs.length; i += SLICE) {
			for (const doc of docs.slice(i, i + SLICE))
				this.#window(doc);
			await pause(0);
		}
		this.#on.loaded();
	}

	#connect() {
		const after = this.#last ?? '0-0';
		const events = new EventSource(
			'events?after=' + encodeURIComponent(after));

		this.#events?.close();
		this.#events = events;
		events.onopen = () => {
			this.#missed = 0;
			this.#say('live');
		};
		events.onmessage = (event) => {
			const began = performance.now();
			this.#window(parse(event.data));
			this.#on.spent(performance.now() - began);
		};
		events.addEventListener('status', (event) => {
			this.#status(parse(event.data));
		});
		events.addEventListener('end', () => {
			this.#endedRun = this.#run;
			events.close();
			this.#events = null;
			this.#say('ended');
			this.#reopen();
		});
		events.onerror = () => {
			if (events !== this.#events)
				return;
			this.#say('lost');
			/* It tries again by itself, unless it gave up. */
			if (events.readyState === EventSource.CLOSED)
				this.#reopen();
		};
	}

	/* Until the server answers: with another run, where one has ended. */
	async #reopen() {
		if (this.#opening)
			return;
		this.#opening = true;
		for (;;) {
			await pause(AGAIN);
			try {
				const status = await get('api/status');
				if (status.run !== this.#endedRun) {
					this.#status(status);
					break;
				}
			} catch {
				/* not yet */
			}
		}
		this.#opening = false;
		this.#connect();
	}

	/* A connection can be dead without a word: ask on another one. */
	async #look() {
		if (this.#opening || !this.#events)
			return;
		const events = this.#events;
		try {
			this.#status(await get('api/status'));
			this.#missed = 0;
			/* Alive, but these events wait for a time-out. */
			if (this.#state === 'lost' && events === this.#events)
				this.#connect();
		} catch {
			if (++this.#missed >= 2)
				this.#say('lost');
		}
	}
}
