/*
 * options_steps: the steps of options_read(), each in a file of its own.
 */
#ifndef OPTIONS_STEPS_H
#define OPTIONS_STEPS_H

#include "option_table.h"
#include "options.h"

/* Arguments that wait until all options are read; argv's. */
struct texts {
	const char **list;
	size_t count;
};

/* What was given, where a default or a meaning depends on the others. */
struct choices {
	bool given[OPTION_COUNT];
	bool from_end;
	bool header; /* the last of --header and --no-header */
	struct texts filters;
	struct texts expected;
	struct texts conditions;
	struct texts properties;
};

/*
 * options_values.c: one option and its argument (NULL if it takes none).
 * The message says what is wrong, without naming the option.
 */
int options_set(struct options *options, struct choices *choices,
		enum option_id id, const char *argument,
		struct error *error) MUST_CHECK;

/*
 * options_check.c: options that do not go together, or not with the operands,
 * which are there. options_check_given() comes before the defaults are known,
 * options_check_resolved() after.
 */
int options_check_given(const struct options *options,
			const struct choices *choices,
			struct error *error) MUST_CHECK;
int options_check_resolved(const struct options *options,
			   const struct choices *choices,
			   struct error *error) MUST_CHECK;

/*
 * options_resolve.c: the texts of --where, --expect and --fail-if, and the
 * defaults. The operands are there.
 */
int options_resolve(struct options *options, const struct choices *choices,
		    struct error *error) MUST_CHECK;

/*
 * options_files.c: no file may be read and written, or written in two ways: it
 * would be destroyed, or feed itself. Devices are left alone. With --state none
 * may be read twice either, as it has one position there.
 */
int options_check_files(const struct options *options,
			struct error *error) MUST_CHECK;

#endif
