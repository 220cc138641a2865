#include "core/keytext.h"
#include "report/internal.h"

/* The escape of what must not stand raw, or 0; DEL and C1 are escaped as C0 is.
 */
static size_t escape(uint32_t code, char out[ESCAPE_MAX])
{
	static const char digits[] = "0123456789abcdef";
	static const char plain[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";

	for (size_t i = 0; i < sizeof(plain) - 1; i++) {
		if (code == (unsigned char)plain[i]) {
			out[0] = '\\';
			out[1] = letters[i];
			return 2;
		}
	}
	if (code >= 0x20 && (code < 0x7f || code >= 0xa0))
		return 0;
	memcpy(out, "\\u00", 4);
	out[4] = digits[code >> 4];
	out[5] = digits[code & 0xf];
	return 6;
}

static void append_string(struct buffer *out, struct span text)
{
	buffer_append_char(out, '"');
	keytext_append(out, text, escape);
	buffer_append_char(out, '"');
}

static void append_number(struct buffer *out, const char *name, uint64_t number)
{
	buffer_append_text(out, name);
	buffer_append_number(out, number);
}

static void append_window(const struct report *report, struct buffer *out)
{
	buffer_append_text(out, "{\"start\":\"");
	buffer_append_text(out, report->start);
	buffer_append_text(out, "\",\"end\":\"");
	buffer_append_text(out, report->end);
	buffer_append_text(out, report->snapshot->partial
					? "\",\"partial\":true"
					: "\",\"partial\":false");
}

static void append_key(const struct report *report, const unsigned char *key,
		       struct buffer *out)
{
	for (size_t i = 0; i < report->options.key_count; i++) {
		struct key_part part = key_next(&key);

		buffer_append_char(out, i == 0 ? '{' : ',');
		append_string(out, span_of(report->options.key_names[i]));
		buffer_append_char(out, ':');
		if (part.type == KEY_STRING)
			append_string(out, part.text);
		else
			buffer_append_span(out, part.text);
	}
	buffer_append_char(out, '}');
}

static void append_sums(const struct report *report, size_t row,
			struct buffer *out)
{
	buffer_append_text(out, ",\"sum\":");
	report_append_sum(report, row, SUM_WINDOW, out);
	buffer_append_text(out, ",\"total_sum\":");
	report_append_sum(report, row, SUM_TOTAL, out);
}

static void json_row(const struct report *report, const struct row *row,
		     struct buffer *out)
{
	const struct snapshot *snapshot = report->snapshot;
	const unsigned char *key = snapshot_key(snapshot, row);

	append_window(report, out);
	if (report->options.slide_ns > 0) {
		buffer_append_text(out, ",\"slide\":");
		report_append_seconds(out, report->options.slide_ns);
	}
	buffer_append_text(out, ",\"key\":");
	if (key)
		append_key(report, key, out);
	else
		buffer_append_text(out, "null");
	append_number(out, ",\"count\":", row->count);
	append_number(out, ",\"total\":", row->total);
	if (snapshot->sums)
		append_sums(report, (size_t)(row - snapshot->rows), out);
	buffer_append_text(out, "}\n");
}

static void append_rejected(const struct tallies *tallies, struct buffer *out)
{
	const char *separator = "";

	buffer_append_text(out, ",\"rejected\":{");
	for (unsigned i = 0; i < REJECT_REASONS; i++) {
		if (tallies->rejected[i] == 0)
			continue;
		buffer_append_text(out, separator);
		separator = ",";
		append_string(out, span_of(reject_reason_name(
					   (enum reject_reason)i)));
		append_number(out, ":", tallies->rejected[i]);
	}
	buffer_append_char(out, '}');
}

static void json_close(const struct report *report, struct buffer *out)
{
	const struct snapshot *snapshot = report->snapshot;
	const struct tallies *tallies = &snapshot->tallies;

	if (!report->options.summary)
		return;
	append_window(report, out);
	append_number(out, ",\"summary\":{\"orders\":", snapshot->orders);
	append_number(out, ",\"read\":", tallies->read);
	append_number(out, ",\"counted\":", tallies->counted);
	append_rejected(tallies, out);
	append_number(out, ",\"filtered\":", tallies->filtered);
	append_number(out, ",\"late\":", tallies->late);
	append_number(out, ",\"groups\":", snapshot->groups);
	buffer_append_text(out, "}}\n");
}

const struct report_writer json_writer = {
	.row = json_row,
	.close = json_close,
};
