#include "core/order.h"

#include <stdlib.h>

int order_init(struct order *order, const char *const *key_names,
	       size_t key_count, const char *missing_label, struct error *error)
{
	*order = (struct order){
		.key_names = key_names,
		.key_count = key_count,
		.missing_label = missing_label,
	};
	fields_init(&order->fields);
	for (size_t i = 0; i < key_count; i++)
		if (fields_add(&order->fields, key_names[i], error) < 0)
			return -1;
	order->values = calloc(key_count, sizeof(*order->values));
	order->unescaped = malloc(key_count * KEY_PART_MAX);
	if (!order->values || !order->unescaped)
		return error_set(error, "out of memory");
	return 0;
}

void order_release(struct order *order)
{
	fields_release(&order->fields);
	free(order->values);
	free(order->unescaped);
	*order = (struct order){0};
}

static int reject(struct order *order, enum reject_reason reason, size_t offset,
		  const char *field)
{
	order->reason = reason;
	order->column = offset + 1;
	order->field = field;
	return -1;
}

static int reject_json(struct order *order, enum json_verdict verdict,
		       size_t offset)
{
	if (verdict == JSON_TOO_DEEP)
		return reject(order, REJECT_TOO_DEEP, offset, NULL);
	if (verdict == JSON_NOT_OBJECT)
		return reject(order, REJECT_NOT_OBJECT, offset, NULL);
	return reject(order, REJECT_INVALID_JSON, offset, NULL);
}

/* The string's text as a part, unescaped where that makes a difference. */
static bool take_string(struct order *order, size_t slot)
{
	const struct json_value *value = &order->values[slot];
	struct span text = value->text;
	char *room = order->unescaped + slot * KEY_PART_MAX;

	if (value->escaped) {
		size_t size;

		if (json_unescape(text, room, KEY_PART_MAX, &size) != JSON_TEXT)
			return false;
		text = span_make(room, size);
	}
	order->parts[slot] = (struct key_part){KEY_STRING, text};
	return text.size <= KEY_PART_MAX;
}

static bool take_value(struct order *order, size_t slot)
{
	const struct json_value *value = &order->values[slot];
	enum key_type type;

	switch (value->type) {
	case JSON_STRING: return take_string(order, slot);
	case JSON_NULL: type = KEY_NULL; break;
	case JSON_FALSE: type = KEY_FALSE; break;
	case JSON_TRUE: type = KEY_TRUE; break;
	case JSON_NUMBER: type = KEY_NUMBER; break;
	default: return false;
	}
	order->parts[slot] = (struct key_part){type, value->text};
	return value->text.size <= KEY_PART_MAX;
}

int order_judge(struct order *order, struct span line)
{
	size_t offset;
	enum json_verdict verdict =
		json_scan(&order->fields, line, order->values, &offset);

	if (verdict != JSON_VALID)
		return reject_json(order, verdict, offset);
	for (size_t i = 0; i < order->key_count; i++) {
		const struct json_value *value = &order->values[i];
		const char *field = order->key_names[i];

		if (value->type == JSON_ABSENT) {
			if (!order->missing_label)
				return reject(order, REJECT_MISSING_KEY, offset,
					      field);
			order->parts[i] = (struct key_part){
				KEY_STRING, span_of(order->missing_label)};
		} else if (!take_value(order, i)) {
			offset = (size_t)(value->text.data - line.data);
			return reject(order, REJECT_BAD_KEY, offset, field);
		}
	}
	return 0;
}
