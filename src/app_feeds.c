/*
 * Sources take turns, at most 256 KiB or 1 ms each. A chunk that was read is
 * held until the windows that ended before it are closed.
 */
#include "app_parts.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "kafka/kafka.h"
#include "kinesis/kinesis.h"
#include "net/tcp.h"
#include "source/open.h"

#define READ_AREA_BYTES ((size_t)64 << 10)
#define TURN_BYTES	((size_t)256 << 10)
#define TURN_NS		NS_PER_MS

/* --- opening -------------------------------------------------------------- */

static struct source *new_kafka(struct app *app, const struct operand *operand)
{
	struct kafka_options kafka = app_kafka_options(app, operand);

	kafka.from_end = app->options->from_end;
	kafka.until_end = app->options->until_end;
	kafka.reconnect = app->options->reconnect;
	kafka.merges = app->options->merge;
	kafka.ranges = (const unsigned(*)[2])operand->partitions;
	kafka.range_count = operand->range_count;
	return kafka_source_new(operand->name, &kafka);
}

static struct source *new_kinesis(struct app *app,
				  const struct operand *operand, size_t number)
{
	const struct options *options = app->options;
	struct kinesis_options kinesis = {
		.stream = operand->stream,
		.region = operand->region,
		.endpoint = operand->endpoint,
		.ca = options->tls.ca,
		.from_end = options->from_end,
		.until_end = options->until_end,
		.reconnect = options->reconnect,
		.connect_timeout_ns = options->connect_timeout_ns,
		.jitter_seed = app->engine.query.hash_seed[0] + number,
		.log = &app->log,
	};

	return kinesis_source_new(operand->name, &kinesis);
}

/* NULL: memory is out. */
static struct source *new_tcp(struct app *app, const struct operand *operand,
			      size_t number)
{
	const struct options *options = app->options;
	struct tcp_options tcp = {
		.reconnect = options->reconnect,
		.connect_timeout_ns = options->connect_timeout_ns,
		.idle_timeout_ns = options->idle_timeout_ns,
		.jitter_seed = app->engine.query.hash_seed[0] + number,
	};
	struct source *source;

	if (operand->by_tls) {
		tcp.tls = tls_new(app->tls, operand->host);
		if (!tcp.tls)
			return NULL;
	}
	source = tcp_source_new(operand->name, operand->host, operand->port,
				&tcp);
	if (!source)
		tls_free(tcp.tls);
	return source;
}

static struct source *new_source(struct app *app, const struct operand *operand,
				 size_t number)
{
	const struct options *options = app->options;
	struct file_options file = {
		.follow = options->follow,
		.until_end = options->until_end,
		.keep_half = options->state_path != NULL || options->follow,
		.ahead = app->ahead.lanes > 1 ? &app->ahead : NULL,
	};
	struct stat status;

	switch (operand->kind) {
	case OPERAND_KAFKA: return new_kafka(app, operand);
	case OPERAND_KINESIS: return new_kinesis(app, operand, number);
	case OPERAND_TCP: return new_tcp(app, operand, number);
	case OPERAND_STDIN: return stdin_source_new("standard input");
	case OPERAND_PATH: break;
	}
	if (stat(operand->name, &status) == 0 && S_ISDIR(status.st_mode))
		return directory_source_new(operand->name, &file);
	return file_source_new(operand->name, &file);
}

/* How many there are that this process may run on. */
static unsigned count_cores(void)
{
	cpu_set_t cores;

	if (sched_getaffinity(0, sizeof(cores), &cores) != 0)
		return 1;
	return (unsigned)CPU_COUNT(&cores);
}

/* Threads start with the first file that is large enough. */
static void prepare_lanes(struct app *app)
{
	const struct query *query = &app->engine.query;
	unsigned threads = app->options->threads;

	if (threads == 0)
		threads = count_cores();
	if (threads > THREADS_MAX)
		threads = THREADS_MAX;
	pool_init(&app->pool, threads - 1);
	app->ahead = (struct ahead_common){
		.pool = &app->pool,
		/* Rows to be merged are not walked. */
		.lanes = query->merge ? 1 : threads,
		.files = app->options->operand_count,
		.fields = &app->engine.order.fields,
		.level = query->level,
		.cursors = query->cursors,
	};
}

int app_open_tls(struct app *app)
{
	const struct options *options = app->options;
	struct error error;
	bool by_tls = false;

	for (size_t i = 0; i < options->operand_count; i++)
		by_tls |= options->operands[i].by_tls;
	if (!by_tls)
		return 0;
	app->tls = tls_context_new(&options->tls, &error);
	if (app->tls)
		return 0;
	app_fail(app, &error);
	return -1;
}

int app_open_feeds(struct app *app)
{
	const struct options *options = app->options;
	struct error error;

	prepare_lanes(app);
	app->area.size = READ_AREA_BYTES;
	app->area.data = malloc(READ_AREA_BYTES);
	app->feeds = calloc(options->operand_count, sizeof(*app->feeds));
	app->report_sources =
		calloc(options->operand_count, sizeof(*app->report_sources));
	if (!app->area.data || !app->feeds || !app->report_sources)
		goto no_memory;
	app->report.options.sources = app->report_sources;
	app->report.options.source_count = options->operand_count;
	for (size_t i = 0; i < options->operand_count; i++) {
		const struct operand *operand = &options->operands[i];
		struct feed *feed = &app->feeds[i];

		feed->source = new_source(app, operand, i);
		if (!feed->source)
			goto no_memory;
		feed->is_kafka = operand->kind == OPERAND_KAFKA;
		app->counts_awake |= source_is_heard_awake(feed->source);
		app->report_sources[i].name = operand->name;
		app->feed_count++;
		if (app->keep.state &&
		    source_restore(feed->source, &app->keep.positions,
				   &error) != 0) {
			app_fail(app, &error);
			return -1;
		}
		if (source_start(feed->source, &app->loop, &app->clock,
				 &error) != 0) {
			app_fail(app, &error);
			return -1;
		}
	}
	return 0;
no_memory:
	error_set(&error, "out of memory");
	app_fail(app, &error);
	return -1;
}

void app_close_feeds(struct app *app)
{
	for (size_t i = 0; i < app->feed_count; i++) {
		free(app->feeds[i].why);
		source_close(app->feeds[i].source);
	}
	if (app->ahead.pool)
		pool_release(&app->pool);
	ahead_common_release(&app->ahead);
	app->ahead.pool = NULL;
	tls_context_free(app->tls);
	free(app->report_sources);
	free(app->feeds);
	free(app->area.data);
	app->feeds = NULL;
	app->area.data = NULL;
	app->feed_count = 0;
}

/* --- reading -------------------------------------------------------------- */

static bool may_read(const struct app *app, const struct feed *feed)
{
	if (app->stop != STOP_NOT || app->held.full || app->gap.pending)
		return false;
	switch (feed->state) {
	case FEED_OPENING:
	case FEED_DOWN: return true;
	case FEED_UP: return app->begun && !app->input_waits;
	default: return false;
	}
}

/* True when the source may have more. */
static bool take_turn(struct app *app, struct feed *feed)
{
	int64_t start_ns = app->clock.mono_ns;
	size_t bytes = 0;

	while (bytes < TURN_BYTES && app->clock.mono_ns - start_ns < TURN_NS) {
		struct chunk *chunk = &app->held.chunk;

		if (!may_read(app, feed))
			return false;
		if (source_next(feed->source, &app->clock, app->area, chunk) ==
		    SOURCE_AGAIN)
			return false;
		app_tick(app);
		/* What is read after the end of the run is not of the run. */
		if (app_check_duration(app))
			return false;
		app->held.full = true;
		app->held.feed = feed;
		app->held.heard = false;
		app->held.read_ns = app->clock.now_ns;
		if (chunk->kind == CHUNK_DATA) {
			bytes += chunk->bytes.size;
			app->read_bytes += chunk->bytes.size;
		}
		app_settle(app);
	}
	return true;
}

void app_read_feeds(struct app *app)
{
	app->input_ready = false;
	for (size_t i = 0; i < app->feed_count; i++) {
		size_t turn = (app->next_feed + i) % app->feed_count;

		app->input_ready |= take_turn(app, &app->feeds[turn]);
	}
	app->next_feed++;
	if (!app->engine.query.timed || app->input_ready ||
	    !app_is_reading(app))
		return;
	engine_wait(&app->engine, app_ready(app), app->clock.now_ns);
	app_settle(app);
}

void app_set_input_waits(struct app *app, bool waits)
{
	if (app->input_waits == waits)
		return;
	app->input_waits = waits;
	app->refilled = false;
	if (!app->engine.query.timed)
		coverage_wait(&app->engine.coverage, waits, app->clock.now_ns);
	if (waits)
		return;
	app->input_ready = true;
	for (size_t i = 0; i < app->feed_count; i++)
		source_resume(app->feeds[i].source, &app->clock);
}
