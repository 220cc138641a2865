#include "core/filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/utf8.h"
#include "core/fields.h"

/* --- short numbers -------------------------------------------------------- */

/* With that many characters digits fit an int64_t. */
#define SHORT_SIZE 18

/* False: it has an exponent or is long. The text is a number of JSON. */
static bool read_short(struct filter_number *number, struct span text)
{
	bool negative = text.data[0] == '-';
	int64_t units = 0;
	size_t dot = text.size;

	if (text.size > SHORT_SIZE)
		return false;
	for (size_t i = negative; i < text.size; i++) {
		unsigned digit = (unsigned char)text.data[i] - (unsigned)'0';

		if (digit <= 9)
			units = units * 10 + digit;
		else if (text.data[i] == '.')
			dot = i + 1;
		else
			return false;
	}
	number->units = negative ? -units : units;
	number->scale = (unsigned)(text.size - dot);
	return true;
}

static __int128 scaled(int64_t units, unsigned places)
{
	__int128 value = units;

	while (places-- > 0)
		value *= 10;
	return value;
}

static int compare_short(struct filter_number a, struct filter_number b)
{
	unsigned scale = a.scale > b.scale ? a.scale : b.scale;
	__int128 left = scaled(a.units, scale - a.scale);
	__int128 right = scaled(b.units, scale - b.scale);

	return (left > right) - (left < right);
}

/* --- FIELD OP VALUE ------------------------------------------------------- */

/* The operator that begins at p; returns its size, 0 for none. */
static size_t operator_at(const char *p, enum filter_op *op)
{
	/* The longer before the shorter that it begins with. */
	static const struct {
		char sign[3];
		enum filter_op op;
	} operators[] = {
		{"==", FILTER_EQUAL},	  {"=", FILTER_EQUAL},
		{"!=", FILTER_NOT_EQUAL}, {"<=", FILTER_LESS_EQUAL},
		{"<", FILTER_LESS},	  {">=", FILTER_GREATER_EQUAL},
		{">", FILTER_GREATER},
	};

	for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
		size_t size = strlen(operators[i].sign);

		if (strncmp(p, operators[i].sign, size) == 0) {
			*op = operators[i].op;
			return size;
		}
	}
	return 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct span without_spaces_behind(struct span text)
{
	while (text.size > 0 && is_space(text.data[text.size - 1]))
		text.size--;
	return text;
}

static int check_field(const char *field, struct error *error)
{
	struct fields fields;
	int slot;

	if (field[0] == '\0')
		return error_set(error, "no FIELD before the operator");
	fields_init(&fields);
	slot = fields_add(&fields, field, error);
	fields_release(&fields);
	return slot < 0 ? -1 : 0;
}

/*
 * Is the text a scalar of JSON? As the scanner sees it, which wants an LF
 * behind it and lets a value that is no object through as JSON_NOT_OBJECT. -1:
 * memory is out.
 */
static int is_scalar(struct span text)
{
	static const struct fields none = {0};
	struct buffer line = {0};
	size_t offset;
	int result = -1;

	if (text.size == 0 || text.data[0] == '{' || text.data[0] == '[')
		return 0;
	buffer_append_span(&line, text);
	buffer_append_char(&line, '\n');
	if (!line.failed)
		result = json_scan(&none, span_make(line.data, text.size), NULL,
				   &offset) == JSON_NOT_OBJECT;
	buffer_release(&line);
	return result;
}

static enum json_type scalar_type(char first)
{
	switch (first) {
	case '"': return JSON_STRING;
	case 'n': return JSON_NULL;
	case 't': return JSON_TRUE;
	case 'f': return JSON_FALSE;
	default: return JSON_NUMBER;
	}
}

/* The VALUE as it stands is a string, unless it is a scalar. */
static int take_value(struct filter *filter, struct span value,
		      struct error *error)
{
	struct span scalar = without_spaces_behind(value);
	int found;

	if (!utf8_is_valid(value))
		return error_set(error, "what stands after the operator is not "
					"valid UTF-8");
	found = is_scalar(scalar);
	if (found < 0)
		return error_set(error, "out of memory");
	filter->type = JSON_STRING;
	if (found == 0) {
		buffer_append_span(&filter->value, value);
	} else if (scalar.data[0] == '"') {
		json_text_append(&filter->value,
				 span_make(scalar.data + 1, scalar.size - 2));
	} else {
		filter->type = scalar_type(scalar.data[0]);
		buffer_append_span(&filter->value, scalar);
		filter->short_number = filter->type == JSON_NUMBER &&
				       read_short(&filter->number, scalar);
	}
	if (filter->value.failed)
		return error_set(error, "out of memory");
	return 0;
}

int filter_parse(struct filter *filter, const char *text, struct error *error)
{
	const char *sign = text;
	enum filter_op op = FILTER_EQUAL;
	struct span field;
	const char *value;
	size_t size = 0;

	while (*sign && (size = operator_at(sign, &op)) == 0)
		sign++;
	if (size == 0)
		return error_set(error, "no operator (was '>' taken by the "
					"shell? quote it)");
	value = sign + size;
	while (is_space(*value))
		value++;
	field = without_spaces_behind(span_make(text, (size_t)(sign - text)));

	*filter = (struct filter){.text = text, .op = op};
	filter->field = strndup(field.data, field.size);
	if (!filter->field)
		return error_set(error, "out of memory");
	if (check_field(filter->field, error) < 0 ||
	    take_value(filter, span_of(value), error) < 0) {
		filter_release(filter);
		return -1;
	}
	return 0;
}

void filter_release(struct filter *filter)
{
	free(filter->field);
	buffer_release(&filter->value);
	*filter = (struct filter){0};
}

/* --- and back ------------------------------------------------------------- */

static const char *sign_of(enum filter_op op)
{
	switch (op) {
	case FILTER_EQUAL: return "=";
	case FILTER_NOT_EQUAL: return "!=";
	case FILTER_LESS: return "<";
	case FILTER_LESS_EQUAL: return "<=";
	case FILTER_GREATER: return ">";
	case FILTER_GREATER_EQUAL: break;
	}
	return ">=";
}

/* Is a string without quotes behind the operator that same string? -1: memory
 * is out. */
static int is_bare(const char *sign, struct span text)
{
	int scalar;

	/* Spaces would be dropped, and "=" make another operator. */
	if (text.size > 0 && (is_space(text.data[0]) ||
			      (text.data[0] == '=' && sign[1] == '\0')))
		return 0;
	if (memchr(text.data, '\0', text.size) || !utf8_is_valid(text))
		return 0;
	scalar = is_scalar(without_spaces_behind(text));
	return scalar < 0 ? -1 : !scalar;
}

/* In quotes. A lone surrogate stands there as if UTF-8 could write it. */
static void append_quoted(struct buffer *out, struct span text)
{
	buffer_append_char(out, '"');
	for (size_t i = 0; i < text.size; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		unsigned char next =
			i + 1 < text.size ? (unsigned char)text.data[i + 1] : 0;

		if (byte == '"' || byte == '\\') {
			buffer_append_char(out, '\\');
			buffer_append_char(out, (char)byte);
		} else if (byte < 0x20) {
			buffer_printf(out, "\\u%04x", byte);
		} else if (byte == 0xed && next >= 0xa0) {
			buffer_printf(out, "\\ud%03x",
				      (next & 0x3fU) << 6 |
					      ((unsigned char)text.data[i + 2] &
					       0x3fU));
			i += 2;
		} else {
			buffer_append_char(out, (char)byte);
		}
	}
	buffer_append_char(out, '"');
}

void filter_describe(const struct filter *filter, struct buffer *out)
{
	struct span value =
		filter->value.data ? buffer_span(&filter->value) : span_of("");
	const char *sign = sign_of(filter->op);
	size_t size = strlen(filter->field);
	int bare = filter->type == JSON_STRING ? is_bare(sign, value) : 1;

	buffer_append_text(out, filter->field);
	/* Else it would be the beginning of the operator. */
	if (filter->op == FILTER_EQUAL && filter->field[size - 1] == '!')
		buffer_append_char(out, ' ');
	buffer_append_text(out, sign);
	if (bare > 0)
		buffer_append_span(out, value);
	else
		append_quoted(out, value);
	out->failed |= bare < 0;
}

/* --- does it hold? -------------------------------------------------------- */

static int compare_bytes(struct span a, struct span b)
{
	size_t common = a.size < b.size ? a.size : b.size;
	int order = common > 0 ? memcmp(a.data, b.data, common) : 0;

	if (order == 0 && a.size != b.size)
		order = a.size < b.size ? -1 : 1;
	return order;
}

static int compare_numbers(const struct filter *filter, struct span text)
{
	struct filter_number number;

	if (filter->short_number && read_short(&number, text))
		return compare_short(number, filter->number);
	return decimal_compare(text, buffer_span(&filter->value));
}

/* Of two values of the same type. */
static bool is_equal(const struct filter *filter,
		     const struct json_value *value)
{
	struct span wanted = buffer_span(&filter->value);

	switch (filter->type) {
	case JSON_STRING:
		if (value->escaped)
			return json_text_compare(value->text, wanted) == 0;
		return span_equal(value->text, wanted);
	case JSON_NUMBER: return compare_numbers(filter, value->text) == 0;
	default: return true;
	}
}

/* Of two numbers or two strings. */
static int compare(const struct filter *filter, const struct json_value *value)
{
	struct span wanted = buffer_span(&filter->value);

	if (filter->type == JSON_NUMBER)
		return compare_numbers(filter, value->text);
	if (value->escaped)
		return json_text_compare(value->text, wanted);
	return compare_bytes(value->text, wanted);
}

bool filter_holds(const struct filter *filter, const struct json_value *value)
{
	bool same = value->type == filter->type;

	if (filter->op == FILTER_EQUAL)
		return same && is_equal(filter, value);
	if (filter->op == FILTER_NOT_EQUAL)
		return !same || !is_equal(filter, value);
	if (!same || filter->type < JSON_NUMBER)
		return false;
	switch (filter->op) {
	case FILTER_LESS: return compare(filter, value) < 0;
	case FILTER_LESS_EQUAL: return compare(filter, value) <= 0;
	case FILTER_GREATER: return compare(filter, value) > 0;
	default: return compare(filter, value) >= 0;
	}
}
