#include "core/condition.h"

#include "core/keytext.h"

/*
 * The operator: the last one in the text, and the longest where two overlap
 * ("a<=5" is <=, not =).
 */
struct operator_at {
	enum condition_op op;
	size_t start;
	size_t size;
};

static bool find_operator(struct span text, struct operator_at *found)
{
	static const struct {
		const char *sign;
		enum condition_op op;
	} operators[] = {
		{"<=", CONDITION_LESS_EQUAL}, {">=", CONDITION_GREATER_EQUAL},
		{"!=", CONDITION_NOT_EQUAL},  {"<", CONDITION_LESS},
		{">", CONDITION_GREATER},     {"=", CONDITION_EQUAL},
	};

	for (size_t end = text.size; end > 0; end--) {
		for (size_t i = 0; i < sizeof(operators) / sizeof(*operators);
		     i++) {
			struct span sign = span_of(operators[i].sign);

			if (end < sign.size ||
			    !span_equal(span_make(text.data + end - sign.size,
						  sign.size),
					sign))
				continue;
			*found = (struct operator_at){
				operators[i].op, end - sign.size, sign.size};
			return true;
		}
	}
	return false;
}

static int parse_limit(struct span digits, uint64_t *limit, struct error *error)
{
	uint64_t value = 0;

	if (digits.size == 0)
		return error_set(error, "no number after the operator");
	for (size_t i = 0; i < digits.size; i++) {
		unsigned digit = (unsigned char)digits.data[i] - (unsigned)'0';

		if (digit > 9)
			return error_set(error, "what stands after the "
						"operator is no whole number");
		if (value > (UINT64_MAX - digit) / 10)
			return error_set(error, "the number is too large");
		value = value * 10 + digit;
	}
	*limit = value;
	return 0;
}

static int parse_tally(struct condition *condition, struct span name,
		       struct error *error)
{
	static const char prefix[] = "@rejected.";
	static const struct {
		const char *text;
		enum condition_name name;
	} names[] = {
		{"@orders", CONDITION_ORDERS},
		{"@read", CONDITION_READ},
		{"@rejected", CONDITION_REJECTED},
		{"@filtered", CONDITION_FILTERED},
		{"@late", CONDITION_LATE},
		{"@groups", CONDITION_GROUPS},
	};
	size_t skip = sizeof(prefix) - 1;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (span_is(name, names[i].text)) {
			condition->name = names[i].name;
			return 0;
		}
	}
	for (int i = 0; i < REJECT_REASONS; i++) {
		enum reject_reason reason = (enum reject_reason)i;

		if (name.size > skip && memcmp(name.data, prefix, skip) == 0 &&
		    span_is(span_make(name.data + skip, name.size - skip),
			    reject_reason_name(reason))) {
			condition->name = CONDITION_REASON;
			condition->reason = reason;
			return 0;
		}
	}
	return error_set(error,
			 "unknown name '%.*s' (a group that begins "
			 "with @ is written \\u0040)",
			 (int)name.size, name.data);
}

int condition_parse(struct condition *condition, const char *text,
		    size_t key_count, struct error *error)
{
	struct span whole = span_of(text);
	struct operator_at found;
	struct span name;
	struct span digits;

	if (!find_operator(whole, &found))
		return error_set(error, "no operator (was '>' taken by the "
					"shell? quote it)");
	name = span_make(text, found.start);
	while (name.size > 0 && name.data[name.size - 1] == ' ')
		name.size--;
	digits = span_make(text + found.start + found.size,
			   whole.size - found.start - found.size);
	while (digits.size > 0 && digits.data[0] == ' ')
		digits = span_make(digits.data + 1, digits.size - 1);

	*condition = (struct condition){.text = text, .op = found.op};
	if (parse_limit(digits, &condition->limit, error) < 0)
		return -1;
	if (name.size == 0)
		return error_set(error, "no name before the operator");
	if (name.data[0] == '@')
		return parse_tally(condition, name, error);
	condition->name = CONDITION_GROUP;
	if (keytext_parse(name, key_count, &condition->key, error) < 0) {
		buffer_release(&condition->key);
		return -1;
	}
	return 0;
}

void condition_release(struct condition *condition)
{
	buffer_release(&condition->key);
}

bool condition_judges_parts(const struct condition *condition)
{
	return condition->op == CONDITION_GREATER ||
	       condition->op == CONDITION_GREATER_EQUAL;
}

bool condition_is_tally(const struct condition *condition)
{
	return condition->name != CONDITION_GROUP &&
	       condition->name != CONDITION_ORDERS &&
	       condition->name != CONDITION_GROUPS;
}

bool condition_holds(const struct condition *condition, uint64_t value)
{
	switch (condition->op) {
	case CONDITION_LESS: return value < condition->limit;
	case CONDITION_LESS_EQUAL: return value <= condition->limit;
	case CONDITION_EQUAL: return value == condition->limit;
	case CONDITION_NOT_EQUAL: return value != condition->limit;
	case CONDITION_GREATER_EQUAL: return value >= condition->limit;
	case CONDITION_GREATER: return value > condition->limit;
	}
	return false;
}
