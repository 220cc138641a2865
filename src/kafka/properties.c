/*
 * -X: PROPERTY=VALUE, or @FILE with one a line. Those by which ordercount keeps
 * its promises are not the user's to set; secrets are taken from files only,
 * since everybody can read a command line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kafka/client.h"

static const char *const ours[] = {
	"auto.offset.reset",
	"bootstrap.servers",
	"enable.auto.commit",
	"enable.auto.offset.store",
	"enable.idempotence",
	"enable.partition.eof",
	"group.id",
	"group.instance.id",
	"isolation.level",
	"log.queue",
	"metadata.broker.list",
	"partition.assignment.strategy",
	"transactional.id",
};

static const char *const secrets[] = {
	"sasl.oauthbearer.client.secret",
	"sasl.oauthbearer.config",
	"sasl.password",
	"ssl.key.password",
	"ssl.key.pem",
	"ssl.keystore.password",
};

/* Of these librdkafka tells neither the name nor what is wrong with it. */
static const char *const files[] = {
	"ssl.ca.location",  "ssl.certificate.location", "ssl.crl.location",
	"ssl.key.location", "ssl.keystore.location",
};

static bool is_among(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

#define AMONG(name, list) is_among(name, list, sizeof(list) / sizeof(*(list)))

/* Cuts the text at its '='; NULL: it has none. */
static char *cut(char *text)
{
	char *equals = strchr(text, '=');

	if (!equals || equals == text)
		return NULL;
	*equals = '\0';
	return equals + 1;
}

/* Never shows a value: it may be a secret. */
static int set(rd_kafka_conf_t *conf, const char *name, const char *value,
	       struct error *error)
{
	char why[512];

	if (AMONG(name, ours))
		return error_set(error, "-X '%s': ordercount sets that itself",
				 name);
	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) ==
	    RD_KAFKA_CONF_OK)
		return 0;
	if (AMONG(name, secrets))
		return error_set(error, "-X '%s': librdkafka does not take it",
				 name);
	return error_set(error, "-X '%s': %s", name, why);
}

static int set_text(rd_kafka_conf_t *conf, const char *text,
		    struct error *error)
{
	char *copy = strdup(text);
	char *value;
	int result;

	if (!copy)
		return error_set(error, "out of memory");
	value = cut(copy);
	if (!value)
		result =
			error_set(error, "-X '%s': is no PROPERTY=VALUE", text);
	else if (AMONG(copy, secrets))
		result = error_set(error,
				   "-X '%s': everybody can read a command "
				   "line: write it into a file, -X @FILE",
				   copy);
	else
		result = set(conf, copy, value, error);
	free(copy);
	return result;
}

/* Blank lines and those that begin with '#' are passed over. */
static int set_line(rd_kafka_conf_t *conf, char *line, struct error *error)
{
	char *end = line + strcspn(line, "\r\n");
	char *value;

	*end = '\0';
	line += strspn(line, " \t");
	if (*line == '\0' || *line == '#')
		return 0;
	value = cut(line);
	if (!value)
		return error_set(error, "is no PROPERTY=VALUE");
	return set(conf, line, value, error);
}

static int set_file(rd_kafka_conf_t *conf, const char *path,
		    struct error *error)
{
	FILE *file = fopen(path, "re");
	unsigned long number = 0;
	struct error why;
	char *line = NULL;
	size_t size = 0;
	int result = 0;

	if (!file)
		return error_system(error, errno, "-X: cannot open '%s'", path);
	while (result == 0 && getline(&line, &size, file) >= 0) {
		number++;
		result = set_line(conf, line, &why);
	}
	if (result != 0)
		error_set(error, "'%s': line %lu: %s", path, number,
			  why.message);
	else if (ferror(file))
		result = error_system(error, errno, "-X: cannot read '%s'",
				      path);
	if (line)
		explicit_bzero(line, size);
	free(line);
	fclose(file);
	return result;
}

static int check_files(const rd_kafka_conf_t *conf, struct error *error)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		char path[4096] = "";
		size_t size = sizeof(path);

		if (rd_kafka_conf_get(conf, files[i], path, &size) !=
			    RD_KAFKA_CONF_OK ||
		    path[0] == '\0' || strcmp(path, "probe") == 0 ||
		    access(path, R_OK) == 0)
			continue;
		return error_system(error, errno, "-X '%s': cannot read '%s'",
				    files[i], path);
	}
	return 0;
}

int properties_apply(rd_kafka_conf_t *conf, const struct kafka_options *options,
		     struct error *error)
{
	for (size_t i = 0; i < options->property_count; i++) {
		const char *text = options->properties[i];

		if ((*text == '@' ? set_file(conf, text + 1, error)
				  : set_text(conf, text, error)) != 0)
			return -1;
	}
	return check_files(conf, error);
}

int kafka_check_property(const char *text, struct error *error)
{
	rd_kafka_conf_t *conf;
	int result;

	if (*text == '@')
		return text[1] != '\0' ? 0
				       : error_set(error, "-X '@': the name of "
							  "the file is empty");
	conf = rd_kafka_conf_new();
	result = set_text(conf, text, error);
	rd_kafka_conf_destroy(conf);
	return result;
}

int kafka_check_built(struct error *error)
{
	(void)error;
	return 0;
}

const char *kafka_version(void)
{
	return rd_kafka_version_str();
}
