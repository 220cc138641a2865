#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 50
#define ERASE	    "\r\033[K"

/* What a pipe takes whole, or not at all. */
#define LINE_MAX_BYTES PIPE_BUF

/* Of the note about lines that were dropped. */
#define NOTE_MAX_BYTES 100

struct line {
	char text[LINE_MAX_BYTES];
	size_t size;
};

void log_init(struct log *log, enum log_level highest)
{
	*log = (struct log){.highest = highest};
}

/* True when stderr takes something within so long. */
static bool stderr_is_ready(int timeout_ms)
{
	struct pollfd polled = {.fd = STDERR_FILENO, .events = POLLOUT};

	for (;;) {
		int count = poll(&polled, 1, timeout_ms);

		if (count >= 0 || errno != EINTR)
			/* Nobody there: a write would end us by SIGPIPE. */
			return count == 1 && polled.revents == POLLOUT;
		timeout_ms = 0;
	}
}

static bool line_write(const struct line *line, int timeout_ms)
{
	size_t written = 0;

	while (written < line->size) {
		ssize_t size;

		if (!stderr_is_ready(timeout_ms))
			return false;
		size = write(STDERR_FILENO, line->text + written,
			     line->size - written);
		if (size < 0 && errno != EINTR)
			return false;
		if (size > 0)
			written += (size_t)size;
		timeout_ms = PATIENCE_MS;
	}
	return true;
}

static void line_add(struct line *line, const char *text)
{
	size_t size = strlen(text);

	memcpy(line->text + line->size, text, size);
	line->size += size;
}

/*
 * Names and texts of others come through here: whatever could move the cursor
 * becomes '?', the two bytes of a C1 character included.
 */
static size_t disarm(char *text, size_t size)
{
	size_t kept = 0;

	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)text[i];
		bool is_c1 = byte == 0xc2 && i + 1 < size &&
			     (unsigned char)text[i + 1] >= 0x80 &&
			     (unsigned char)text[i + 1] < 0xa0;

		if (byte < 0x20 || byte == 0x7f || is_c1)
			text[kept++] = '?';
		else
			text[kept++] = text[i];
		i += is_c1;
	}
	return kept;
}

/* Formats behind what the line holds, cut so that its end has room. */
static void line_format(struct line *line, const char *format,
			va_list arguments)
{
	static const char cut[] = "...\n";
	char *start = line->text + line->size;
	size_t room = sizeof(line->text) - line->size - sizeof(cut);
	int length = vsnprintf(start, room, format, arguments);
	size_t size = length > 0 ? (size_t)length : 0;
	bool is_cut = size >= room;

	if (is_cut) {
		size = room - 1;
		/* Not within a character. */
		while (size > 0 && ((unsigned char)start[size] & 0xc0) == 0x80)
			size--;
	}
	line->size += disarm(start, size);
	line_add(line, is_cut ? cut : "\n");
}

void log_line(struct log *log, enum log_level level, const char *format, ...)
{
	struct line line = {.size = 0};
	va_list arguments;

	if (level > log->highest)
		return;
	if (log->status_shown)
		line_add(&line, ERASE);
	if (log->dropped > 0)
		line.size += (size_t)snprintf(
			line.text + line.size, NOTE_MAX_BYTES,
			"ordercount: %lu message%s could not be shown here\n",
			log->dropped, log->dropped == 1 ? "" : "s");
	line_add(&line, "ordercount: ");
	va_start(arguments, format);
	line_format(&line, format, arguments);
	va_end(arguments);

	/* A stuck stderr costs the wait once, not with each line. */
	if (!line_write(&line, log->dropped > 0 ? 0 : PATIENCE_MS)) {
		log->dropped++;
		return;
	}
	log->dropped = 0;
	log->status_shown = false;
}

void log_status(struct log *log, const char *text)
{
	struct line line = {.size = 0};

	line_add(&line, "\r");
	line.size += (size_t)snprintf(line.text + line.size,
				      sizeof(line.text) / 2, "%s", text);
	if (line.size > sizeof(line.text) / 2)
		line.size = sizeof(line.text) / 2;
	line_add(&line, "\033[K");
	if (line_write(&line, 0))
		log->status_shown = true;
}

void log_status_erase(struct log *log)
{
	struct line line = {.size = 0};

	if (!log->status_shown)
		return;
	line_add(&line, ERASE);
	if (line_write(&line, PATIENCE_MS))
		log->status_shown = false;
}
