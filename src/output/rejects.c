#include "output/rejects.h"

#include <inttypes.h>

#include "base/utf8.h"
#include "core/keytext.h"

#define NOTICE_GAP_NS ((int64_t)60 * 1000000000)

/* The excerpt: so much of the line, around the column. */
#define EXCERPT_BYTES	     60
#define EXCERPT_BEFORE_BYTES 30

int rejects_open(struct rejects *rejects, const char *path, struct loop *loop,
		 struct error *error)
{
	bool empty;

	*rejects = (struct rejects){.has_file = path != NULL};
	for (unsigned i = 0; i < REJECT_REASONS; i++)
		rejects->notices[i].next_ns = INT64_MIN;
	if (!path)
		return 0;
	return queue_open(&rejects->file, path, QUEUE_APPEND, loop, &empty,
			  error);
}

int rejects_reopen(struct rejects *rejects, struct error *error)
{
	bool empty;

	if (!rejects->has_file)
		return 0;
	return queue_reopen(&rejects->file, &empty, error);
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Cuts the line around the column, not within a character. */
static struct span cut_excerpt(struct span line, size_t column)
{
	size_t focus = column > 0 ? column - 1 : 0;
	size_t start, end;

	if (focus > line.size)
		focus = line.size;
	start = focus > EXCERPT_BEFORE_BYTES ? focus - EXCERPT_BEFORE_BYTES : 0;
	end = line.size - start > EXCERPT_BYTES ? start + EXCERPT_BYTES
						: line.size;
	for (int i = 0; i < 3 && start > 0 && start < end; i++)
		start += is_continuation(line.data[start]);
	for (int i = 0; i < 3 && end < line.size && end > start; i++)
		end -= is_continuation(line.data[end]);
	return span_make(line.data + start, end - start);
}

/* Appends text so that a terminal can show it, whatever its bytes are. */
static void append_shown(struct buffer *out, struct span text)
{
	while (text.size > 0) {
		char escape[ESCAPE_MAX];
		size_t escape_size;
		uint32_t code;
		size_t size = utf8_decode(text, &code);

		if (size == 0) {
			buffer_printf(out, "\\x%02x",
				      (unsigned char)text.data[0]);
			size = 1;
		} else if ((escape_size = keytext_escape_shown(code, escape))) {
			buffer_append(out, escape, escape_size);
		} else {
			buffer_append(out, text.data, size);
		}
		text = span_make(text.data + size, text.size - size);
	}
}

static void append_excerpt(struct buffer *out, const struct reject *reject)
{
	/* Of a line that is too long no more than the start was kept. */
	bool is_cut = reject->reason == REJECT_TOO_LONG;
	struct span line = reject->line;
	struct span excerpt;

	if (line.size > 0 && line.data[line.size - 1] == '\r')
		line.size--;
	if (line.size == 0)
		return;
	excerpt = cut_excerpt(line, is_cut ? 1 : reject->column);
	buffer_append_text(out, ": ");
	if (excerpt.data > line.data)
		buffer_append_text(out, "...");
	append_shown(out, excerpt);
	if (is_cut || excerpt.data + excerpt.size < line.data + line.size)
		buffer_append_text(out, "...");
}

static void show(const struct reject *reject, uint64_t left_out,
		 struct log *log)
{
	const char *reason = reject_reason_name(reject->reason);
	struct buffer text = {0};
	struct error line;

	error_set(&line, "line %" PRIu64, reject->line_number);
	if (reject->field) {
		buffer_append_text(&text, " '");
		append_shown(&text, span_of(reject->field));
		buffer_append_text(&text, "'");
	}
	append_excerpt(&text, reject);
	if (left_out > 0)
		buffer_printf(&text, " (%" PRIu64 " more %s since)", left_out,
			      reason);
	log_line(log, LOG_NORMAL, "%s: %s, column %zu: %s%.*s", reject->stream,
		 reject->place ? reject->place : line.message, reject->column,
		 reason, (int)text.size, text.data ? text.data : "");
	buffer_release(&text);
}

bool rejects_shows(const struct rejects *rejects, enum reject_reason reason,
		   int64_t mono_ns)
{
	return mono_ns >= rejects->notices[reason].next_ns;
}

void rejects_add(struct rejects *rejects, const struct reject *reject,
		 struct log *log, int64_t mono_ns)
{
	int64_t *next_ns = &rejects->notices[reject->reason].next_ns;
	uint64_t *left_out = &rejects->notices[reject->reason].left_out;

	if (rejects->has_file && reject->reason != REJECT_TOO_LONG) {
		struct buffer *bytes = queue_buffer(&rejects->file);

		buffer_append_span(bytes, reject->line);
		buffer_append_char(bytes, '\n');
	}
	if (!rejects_shows(rejects, reject->reason, mono_ns)) {
		(*left_out)++;
		return;
	}
	show(reject, *left_out, log);
	*next_ns = mono_ns + NOTICE_GAP_NS;
	*left_out = 0;
}

int rejects_write(struct rejects *rejects, struct error *error)
{
	return rejects->has_file ? queue_write(&rejects->file, error) : 0;
}

int rejects_close(struct rejects *rejects, struct log *log, struct error *error)
{
	for (unsigned i = 0; i < REJECT_REASONS; i++) {
		uint64_t left_out = rejects->notices[i].left_out;

		if (left_out > 0)
			log_line(log, LOG_NORMAL,
				 "%" PRIu64 " more %s %s not shown", left_out,
				 reject_reason_name((enum reject_reason)i),
				 left_out == 1 ? "was" : "were");
	}
	return rejects->has_file ? queue_close(&rejects->file, error) : 0;
}
