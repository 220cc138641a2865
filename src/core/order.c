#include "core/order.h"

#include <stdlib.h>

#include "base/timestamp.h"

/* The slots in the order in which order.h has them. */
static int add_fields(struct order *order, struct error *error)
{
	const struct order_query *query = &order->query;
	int slot = 0;

	for (size_t i = 0; i < query->key_count && slot >= 0; i++)
		slot = fields_add(&order->fields, query->key_names[i], error);
	for (size_t i = 0; i < query->filter_count && slot >= 0; i++)
		slot = fields_add(&order->fields, query->filters[i].field,
				  error);
	if (query->time_field && slot >= 0) {
		slot = fields_add(&order->fields, query->time_field, error);
		order->time_slot = (size_t)slot;
	}
	if (query->sum_field && slot >= 0) {
		slot = fields_add(&order->fields, query->sum_field, error);
		order->sum_slot = (size_t)slot;
	}
	return slot < 0 ? -1 : 0;
}

int order_init(struct order *order, const struct order_query *query,
	       struct error *error)
{
	*order = (struct order){.query = *query, .record.orders = 1};
	fields_init(&order->fields);
	if (add_fields(order, error) < 0)
		return -1;
	order->values =
		calloc(order->fields.slot_count, sizeof(*order->values));
	order->unescaped = malloc(query->key_count * KEY_PART_MAX);
	if (!order->values || !order->unescaped)
		return error_set(error, "out of memory");
	return 0;
}

void order_release(struct order *order)
{
	fields_release(&order->fields);
	free(order->values);
	free(order->unescaped);
	buffer_release(&order->scratch);
	sum_clear(&order->record.amount);
	*order = (struct order){0};
}

static bool filters_hold(const struct order *order)
{
	const struct order_query *query = &order->query;
	const struct json_value *values = order->values + query->key_count;

	for (size_t i = 0; i < query->filter_count; i++)
		if (!filter_holds(&query->filters[i], &values[i]))
			return false;
	return true;
}

static enum record_verdict take_time(struct order *order, int64_t latest_ns)
{
	const struct json_value *value = &order->values[order->time_slot];
	enum record_verdict verdict = RECORD_REJECTED;
	int64_t time_ns = 0;

	if (value->type != JSON_NUMBER)
		verdict = record_read_time(value, &order->scratch, &time_ns);
	else if (timestamp_of_number(value->text, &time_ns))
		verdict = RECORD_COUNTS;
	if (verdict != RECORD_COUNTS)
		return verdict;
	if (time_ns > latest_ns)
		return RECORD_REJECTED;
	order->record.timed = true;
	order->record.time_ns = time_ns;
	return RECORD_COUNTS;
}

/* It moves the watermark all the same, if its time is one. */
static enum record_verdict take_filtered(struct order *order, int64_t latest_ns)
{
	if (order->query.time_field &&
	    take_time(order, latest_ns) == RECORD_FAILED)
		return RECORD_FAILED;
	return RECORD_FILTERED;
}

/* Where the field's value, or what it lacks, is told of. */
static enum record_verdict reject(struct order *order,
				  enum reject_reason reason, size_t slot,
				  const char *field, struct span line)
{
	return record_reject_value(&order->record, reason, &order->values[slot],
				   field, line, order->start);
}

static enum record_verdict take_part(struct order *order, size_t at,
				     struct span line)
{
	const struct order_query *query = &order->query;
	const struct json_value *value = &order->values[at];
	const char *field = query->key_names[at];
	char *room = order->unescaped + at * KEY_PART_MAX;

	if (value->type == JSON_ABSENT) {
		if (!query->missing_label)
			return reject(order, REJECT_MISSING_KEY, at, field,
				      line);
		order->record.parts[at] = (struct key_part){
			KEY_STRING, span_of(query->missing_label)};
	} else if (!record_take_part(&order->record, at, value, room)) {
		return reject(order, REJECT_BAD_KEY, at, field, line);
	}
	return RECORD_COUNTS;
}

static enum record_verdict take_key(struct order *order, struct span line)
{
	enum record_verdict verdict = RECORD_COUNTS;

	for (size_t i = 0;
	     i < order->query.key_count && verdict == RECORD_COUNTS; i++)
		verdict = take_part(order, i, line);
	return verdict;
}

enum record_verdict order_judge_values(struct order *order, struct span line,
				       int64_t latest_ns)
{
	const struct order_query *query = &order->query;
	enum record_verdict verdict;

	order->record.timed = false;
	if (!filters_hold(order))
		return take_filtered(order, latest_ns);
	verdict = take_key(order, line);
	if (verdict == RECORD_COUNTS && query->time_field) {
		verdict = take_time(order, latest_ns);
		if (verdict == RECORD_REJECTED)
			return reject(order, REJECT_BAD_TIME, order->time_slot,
				      query->time_field, line);
	}
	if (verdict == RECORD_COUNTS && query->sum_field) {
		verdict = record_take_amount(&order->record,
					     &order->values[order->sum_slot],
					     &order->scratch);
		if (verdict == RECORD_REJECTED)
			return reject(order, REJECT_BAD_NUMBER, order->sum_slot,
				      query->sum_field, line);
	}
	return verdict;
}

enum record_verdict order_judge(struct order *order, struct span line,
				int64_t latest_ns)
{
	enum json_verdict json =
		json_scan(&order->fields, line, order->values, &order->start);

	order->record.timed = false;
	if (json != JSON_VALID)
		return record_reject_json(&order->record, json, order->start);
	return order_judge_values(order, line, latest_ns);
}
