#include "report/cells.h"

#include <string.h>
#include <wchar.h>

#include "base/utf8.h"
#include "core/keytext.h"

#define ELLIPSIS "\xe2\x80\xa6"

/* A character as it is shown. */
struct glyph {
	struct span text; /* as it stands in the cell */
	char escape[ESCAPE_MAX];
	size_t escape_size; /* 0: it stands for itself */
	size_t width;
};

/* Takes the first character off the text. */
static void glyph_take(struct glyph *glyph, struct span *text)
{
	uint32_t code;
	size_t size = utf8_decode(*text, &code);

	if (size == 0) { /* not UTF-8: one byte, and nothing of it is shown */
		size = 1;
		code = 0xfffd;
		glyph->escape_size = 1;
		glyph->escape[0] = '?';
	} else {
		glyph->escape_size = keytext_escape_shown(code, glyph->escape);
	}
	glyph->text = span_make(text->data, size);
	glyph->width = glyph->escape_size;
	if (glyph->escape_size == 0) {
		int width = wcwidth((wchar_t)code);

		/* Unknown to the C library: most terminals take one. */
		glyph->width = width < 0 ? 1 : (size_t)width;
	}
	*text = span_make(text->data + size, text->size - size);
}

static void glyph_append(struct buffer *out, const struct glyph *glyph)
{
	if (glyph->escape_size > 0)
		buffer_append(out, glyph->escape, glyph->escape_size);
	else
		buffer_append_span(out, glyph->text);
}

size_t cell_width(struct cell cell, size_t enough)
{
	size_t width = cell.quoted ? 2 : 0;
	struct glyph glyph;

	while (cell.text.size > 0 && width <= enough) {
		glyph_take(&glyph, &cell.text);
		width += glyph.width;
	}
	return width;
}

/* Appends what fits into so many columns; returns how many it took. */
static size_t append_prefix(struct buffer *out, struct cell cell, size_t room)
{
	size_t width = 0;
	struct glyph glyph;

	if (cell.quoted && room > 0) {
		buffer_append_char(out, '"');
		width = 1;
	}
	while (cell.text.size > 0) {
		glyph_take(&glyph, &cell.text);
		if (glyph.width > room - width)
			break;
		glyph_append(out, &glyph);
		width += glyph.width;
	}
	return width;
}

void cell_append(struct buffer *out, struct cell cell, size_t width,
		 bool unicode)
{
	size_t used = cell_width(cell, width);

	if (used <= width) {
		append_prefix(out, cell, width);
		if (cell.quoted)
			buffer_append_char(out, '"');
	} else if (unicode) {
		used = append_prefix(out, cell, width - 1) + 1;
		buffer_append_text(out, ELLIPSIS);
	} else {
		used = append_prefix(out, cell, width - 3) + 3;
		buffer_append_text(out, "...");
	}
	cell_append_spaces(out, width - used);
}

void cell_append_spaces(struct buffer *out, size_t count)
{
	char *room = buffer_reserve(out, count);

	if (!room)
		return;
	memset(room, ' ', count);
	out->size += count;
}

void cell_append_number(struct buffer *out, uint64_t number, size_t width)
{
	size_t digits = 1;

	for (uint64_t rest = number / 10; rest > 0; rest /= 10)
		digits++;
	if (digits < width)
		cell_append_spaces(out, width - digits);
	buffer_append_number(out, number);
}

void cell_align_right(struct buffer *out, size_t start, size_t width)
{
	size_t size = out->size - start;
	size_t spaces;

	if (out->failed || size >= width)
		return;
	spaces = width - size;
	if (!buffer_reserve(out, spaces))
		return;
	memmove(out->data + start + spaces, out->data + start, size);
	memset(out->data + start, ' ', spaces);
	out->size += spaces;
}

static size_t sum_below(const size_t *widths, size_t count, size_t limit)
{
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += widths[i] < limit ? widths[i] : limit;
	return sum;
}

void cell_share_room(size_t *widths, size_t count, size_t room)
{
	size_t limit = room;
	size_t left;

	if (sum_below(widths, count, SIZE_MAX / count) <= room)
		return;
	while (limit > 1 && sum_below(widths, count, limit) > room)
		limit--;
	left = room - sum_below(widths, count, limit);
	for (size_t i = 0; i < count; i++) {
		if (widths[i] <= limit)
			continue;
		/* What does not come out even goes to the first ones. */
		widths[i] = limit + (left > 0);
		left -= left > 0;
	}
}
