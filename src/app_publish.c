/*
 * A member hands over what it counted, at least every second: deltas, tallies,
 * marks and the offsets of its sources in one transaction. Counting goes on
 * beside it. Where a transaction fails, all that was counted since the last one
 * is void, and the sources go back to there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app_parts.h"
#include "base/siphash.h"

#define PUBLISH_NS NS_PER_S

/* How long it may take to hand over when others wait, and at the end. */
#define HAND_OVER_MS 30000

/* --- opening -------------------------------------------------------------- */

struct kafka_options app_kafka_options(const struct app *app,
				       const struct operand *operand)
{
	const struct options *options = app->options;
	bool publishes = options->publish.name != NULL;

	return (struct kafka_options){
		.brokers = operand->host,
		.topics = operand->topics,
		.topic_count = operand->topic_count,
		.group = options->group,
		.member = options->member,
		.properties = options->properties,
		.property_count = options->property_count,
		.query = publishes ? app->publish.query : NULL,
		.connect_timeout_ns = options->connect_timeout_ns,
		.log = (struct log *)&app->log,
	};
}

/* What members of a group have to agree in. */
static int hash_query(struct app *app, struct error *error)
{
	static const uint64_t key[2] = {0x6f72646572636f75, 0x6e74};
	struct buffer query = {0};
	bool failed;

	app_describe_query(app, &query);
	failed = query.failed;
	if (!failed)
		snprintf(app->publish.query, sizeof(app->publish.query),
			 "%016" PRIx64, siphash(key, 0, buffer_span(&query)));
	buffer_release(&query);
	return failed ? error_set(error, "out of memory") : 0;
}

int app_open_publishing(struct app *app)
{
	struct kafka_options kafka;
	struct error error;

	if (!app->options->publish.name)
		return 0;
	if (hash_query(app, &error) == 0) {
		kafka = app_kafka_options(app, &app->options->publish);
		kafka.merges = true;
		kafka.log = NULL; /* it complains in threads of its own */
		app->publish.publisher =
			publisher_open(&kafka, &app->loop, &error);
	}
	if (app->publish.publisher) {
		app->publish.due_ns = app->clock.mono_ns + PUBLISH_NS;
		return 0;
	}
	app_fail(app, &error);
	return -1;
}

/* Exactly once needs sources whose offsets go into the transaction. */
static void opened(struct app *app)
{
	struct publishing *publish = &app->publish;
	bool said = false;

	publish->ready = true;
	log_line(&app->log, LOG_VERBOSE, "%s: open, %d partitions",
		 app->options->publish.name,
		 publisher_partitions(publish->publisher));
	for (size_t i = 0; i < app->feed_count && !said; i++) {
		if (source_goes_back(app->feeds[i].source))
			continue;
		said = true;
		log_line(&app->log, LOG_NORMAL,
			 "--publish: '%s' is published at least once, not "
			 "exactly once: only kafka:// sources go back to what "
			 "was not committed",
			 app->feeds[i].source->name);
	}
}

/* --- what is handed over -------------------------------------------------- */

static void add_deltas(struct app *app, struct batch *batch)
{
	struct engine *engine = &app->engine;
	struct delta_place place = {0};
	struct engine_delta delta;
	const char *const *names;
	size_t count = engine_key_names(engine, &names);

	while (engine_next_delta(engine, &place, &delta))
		batch_add_delta(batch, &delta, names, count);
	batch_add_tallies(batch, &engine->tallies, app->publish.query);
}

/* A source that cannot be read again: how far it is in time. */
static void add_stream_mark(struct app *app, struct feed *feed,
			    struct batch *batch)
{
	const struct stream_time *least = source_least(feed->source);
	const struct stream_time *time = least		? least
					 : feed->stream ? feed->stream->time
							: &feed->waiting;
	bool is_over = feed->state == FEED_ENDED || feed->state == FEED_FAILED;
	struct mark_text mark = {
		.source = feed->source->name,
		.of = 1,
		.from = -1,
		.to = -1,
		.newest_ns = time->newest_ns,
		.idle = time->idle || is_over,
		.partials = publisher_partitions(app->publish.publisher),
		.sources = app->feed_count,
		.query = app->publish.query,
	};

	if (feed->told_newest_ns == mark.newest_ns &&
	    feed->told_idle == mark.idle)
		return;
	feed->told_newest_ns = mark.newest_ns;
	feed->told_idle = mark.idle;
	batch_add_mark(batch, &mark);
}

static void add_marks(struct app *app, struct batch *batch)
{
	for (size_t i = 0; i < app->feed_count; i++) {
		struct feed *feed = &app->feeds[i];

		if (feed->is_kafka)
			kafka_source_mark(
				feed->source, batch,
				publisher_partitions(app->publish.publisher));
		else
			add_stream_mark(app, feed, batch);
	}
}

/* Offsets say where a message begins, not where in it. */
static bool is_whole(const struct app *app)
{
	bool whole = !app->held.full || app->held.chunk.kind != CHUNK_DATA;

	for (size_t i = 0; i < app->feed_count; i++)
		whole &= source_is_whole(app->feeds[i].source);
	return whole;
}

/* The offsets go into a transaction: it and they must be of one cluster. */
static int check_clusters(const struct app *app, struct error *error)
{
	const char *here = publisher_cluster(app->publish.publisher);

	for (size_t i = 0; i < app->feed_count; i++) {
		const struct feed *feed = &app->feeds[i];
		const char *there = feed->is_kafka
					    ? kafka_source_cluster(feed->source)
					    : NULL;

		if (there && here && strcmp(here, there) != 0)
			return error_set(error,
					 "--publish '%s' is not in the cluster "
					 "of '%s': one transaction cannot hold "
					 "both",
					 app->options->publish.name,
					 feed->source->name);
	}
	return 0;
}

/* Starts a transaction, if there is anything for one. */
static void send(struct app *app)
{
	struct batch *batch = batch_new();
	struct error error;

	app->publish.due_ns = app->clock.mono_ns + PUBLISH_NS;
	if (!batch) {
		error_set(&error, "out of memory");
		app_fail(app, &error);
		return;
	}
	if (check_clusters(app, &error) != 0) {
		batch_free(batch);
		app_fail(app, &error);
		return;
	}
	add_deltas(app, batch);
	add_marks(app, batch);
	if (batch_is_empty(batch)) {
		batch_free(batch);
		return;
	}
	app->publish.sent = app->engine.tallies;
	if (batch_failed(batch) ||
	    engine_drop_deltas(&app->engine, false) != 0) {
		batch_free(batch);
		error_set(&error, "out of memory");
		app_fail(app, &error);
		return;
	}
	publisher_send(app->publish.publisher, batch);
	app->publish.running = true;
}

/* --- what became of it ---------------------------------------------------- */

/* What was counted since the last commit is void. */
static void drop(struct app *app, const char *why)
{
	struct error error;

	log_line(&app->log, LOG_NORMAL,
		 "%s: what was counted since the last commit is read again",
		 why);
	if (engine_drop_deltas(&app->engine, true) != 0) {
		error_set(&error, "out of memory");
		app_fail(app, &error);
	}
	if (app->held.chunk.kind == CHUNK_DATA)
		app->held.full = false;
	for (size_t i = 0; i < app->feed_count; i++) {
		const struct feed *feed = &app->feeds[i];

		if (source_goes_back(feed->source)) {
			source_go_back(feed->source);
			continue;
		}
		error_set(&error,
			  "--publish: '%s' cannot be read again: what it gave "
			  "since the last commit is lost",
			  feed->source->name);
		app_fail(app, &error);
	}
}

static void failed(struct app *app, const struct error *error)
{
	if (!app->publish.broken)
		app_fail(app, error);
	/* Nothing more goes out of what was counted. */
	app->publish.broken = true;
}

/* True: another transaction may begin. */
static bool settle(struct app *app, enum publisher_status status,
		   const struct error *error)
{
	switch (status) {
	case PUBLISHER_BUSY: return false;
	case PUBLISHER_READY:
		if (!app->publish.ready)
			opened(app);
		app->publish.aborted &= !app->publish.running;
		app->publish.running = false;
		return true;
	case PUBLISHER_ABORTED:
		app->publish.running = false;
		app->publish.aborted = true;
		tallies_subtract(&app->engine.run, &app->publish.sent);
		drop(app, error->message);
		return false;
	case PUBLISHER_FAILED: failed(app, error); return false;
	}
	return false;
}

static bool poll_publisher(struct app *app)
{
	struct error error;
	enum publisher_status status =
		publisher_poll(app->publish.publisher, &error);

	return settle(app, status, &error);
}

static bool wait_for_publisher(struct app *app)
{
	struct error error;
	enum publisher_status status =
		publisher_wait(app->publish.publisher, HAND_OVER_MS, &error);

	if (status == PUBLISHER_BUSY) {
		error_set(&error, "--publish: the brokers take too long");
		status = PUBLISHER_FAILED;
	}
	return settle(app, status, &error);
}

/* -------------------------------------------------------------------------- */

void app_publish(struct app *app)
{
	if (!app->publish.publisher || app->publish.broken)
		return;
	if (!poll_publisher(app) || !app->begun || !is_whole(app))
		return;
	if (app->clock.mono_ns >= app->publish.due_ns)
		send(app);
}

int64_t app_publish_due(const struct app *app)
{
	if (!app->publish.ready || app->publish.running ||
	    app->publish.broken || !app->begun || !is_whole(app))
		return TIME_NEVER;
	return app->publish.due_ns;
}

/* All of it, now. */
static void publish_rest(struct app *app)
{
	if (app->publish.broken || !wait_for_publisher(app) || !is_whole(app))
		return;
	send(app);
	if (app->publish.running)
		(void)wait_for_publisher(app);
}

void app_hand_over(struct app *app, struct feed *feed)
{
	struct error error;

	if (!app->publish.publisher) {
		/* What was counted is ours to print, and what is given to us
		 * again goes on from there. */
		if (app->keep.state && source_note(feed->source, &error) != 0)
			app_fail(app, &error);
		if (!app->held.chunk.lost) {
			source_mark(feed->source);
			source_commit(feed->source);
		}
		return;
	}
	if (!app->held.chunk.lost) {
		publish_rest(app);
	} else if (!app->publish.broken) {
		(void)wait_for_publisher(app);
		drop(app, "this member was away for too long");
	}
	app_read_clock(app);
}

void app_close_publishing(struct app *app)
{
	struct error error;

	if (!app->publish.publisher)
		return;
	if (app->begun)
		publish_rest(app);
	/* What was not committed since is not read again here. */
	if (app->publish.aborted) {
		error_set(&error, "--publish: the last transaction was aborted:"
				  " the next run of the group reads again what "
				  "it held");
		app_fail(app, &error);
	}
	publisher_close(app->publish.publisher);
	app->publish.publisher = NULL;
}
