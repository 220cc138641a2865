/* Stands in for the folder where Kinesis is not built in. */
#include "kinesis/kinesis.h"

int kinesis_check_built(struct error *error)
{
	return error_set(error, "kinesis://: built without Kinesis");
}

const char *kinesis_version(void)
{
	return NULL;
}

struct source *kinesis_source_new(const char *name,
				  const struct kinesis_options *options)
{
	(void)name;
	(void)options;
	return NULL;
}
