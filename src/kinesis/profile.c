#include "kinesis/profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/environment.h"

#define FILE_MAX	  ((size_t)1 << 20)
#define USUAL_CREDENTIALS "~/.aws/credentials"
#define USUAL_CONFIG	  "~/.aws/config"

void secret_free(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void profile_release(struct profile *profile)
{
	secret_free(profile->access_key);
	secret_free(profile->secret_key);
	secret_free(profile->session_token);
	free(profile->region);
	free(profile->endpoint);
	free(profile->needs);
	free(profile->name);
	free(profile->file);
	*profile = (struct profile){0};
}

/* --- one file ------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span trim(struct span text)
{
	while (text.size > 0 && is_blank(text.data[0]))
		text = span_make(text.data + 1, text.size - 1);
	while (text.size > 0 && is_blank(text.data[text.size - 1]))
		text.size--;
	return text;
}

static struct span next_line(struct span *text)
{
	const char *end = memchr(text->data, '\n', text->size);
	size_t size = end ? (size_t)(end - text->data) : text->size;
	struct span line = span_make(text->data, size);

	size += end != NULL;
	*text = span_make(text->data + size, text->size - size);
	return line;
}

static bool starts_with(struct span text, const char *prefix)
{
	size_t size = strlen(prefix);

	return text.size >= size && memcmp(text.data, prefix, size) == 0;
}

/* Is the line "[profile NAME]", in config, or "[NAME]", and NAME ours? */
static bool is_ours(const struct profile *profile, struct span line,
		    bool config)
{
	const char *end = memchr(line.data, ']', line.size);
	struct span name;

	if (!end)
		return false;
	name = trim(span_make(line.data + 1, (size_t)(end - line.data) - 1));
	if (config && starts_with(name, "profile") && name.size > 7 &&
	    is_blank(name.data[7]))
		name = trim(span_make(name.data + 8, name.size - 8));
	else if (config && !span_is(name, "default"))
		return false;
	if (name.size >= 2 && strchr("'\"", name.data[0]) &&
	    name.data[name.size - 1] == name.data[0])
		name = span_make(name.data + 1, name.size - 2);
	return span_is(name, profile->name);
}

/* What stands behind "=", as text: a remark may follow, after white space. */
static struct span value_of(struct span text)
{
	text.size = strnlen(text.data, text.size);
	for (size_t i = 1; i < text.size; i++)
		if (strchr("#;", text.data[i]) && is_blank(text.data[i - 1]))
			return trim(span_make(text.data, i));
	return trim(text);
}

/* Ways to keys that are not gone here; the first of them goes before keys. */
static const char *const not_understood[] = {"role_arn",
					     "sso_session",
					     "sso_start_url",
					     "credential_process",
					     "web_identity_token_file",
					     "login_session"};

static bool is_named(struct span name, const char *text)
{
	return name.size == strlen(text) &&
	       strncasecmp(name.data, text, name.size) == 0;
}

/* What is said twice in a file has its last value: `last` are this file's. */
static int take_setting(struct profile *last, struct span name,
			struct span value)
{
	const struct {
		const char *name;
		char **place;
	} settings[] = {
		{"aws_access_key_id", &last->access_key},
		{"aws_secret_access_key", &last->secret_key},
		{"aws_session_token", &last->session_token},
		{"region", &last->region},
		{"endpoint_url", &last->endpoint},
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		if (!is_named(name, settings[i].name))
			continue;
		secret_free(*settings[i].place);
		*settings[i].place = NULL;
		if (value.size == 0)
			continue; /* says nothing */
		*settings[i].place = strndup(value.data, value.size);
		if (!*settings[i].place)
			return -1;
	}
	for (size_t i = 0; i < sizeof(not_understood) / sizeof(*not_understood);
	     i++) {
		/* The first of them is said whatever else is. */
		if (!is_named(name, not_understood[i]) || value.size == 0 ||
		    (last->needs && i > 0))
			continue;
		free(last->needs);
		last->needs = strdup(not_understood[i]);
		if (!last->needs)
			return -1;
	}
	return 0;
}

static int parse_line(struct profile *last, struct span line)
{
	const char *equals = memchr(line.data, '=', line.size);
	struct span name, value;

	if (!equals)
		return 0;
	name = trim(span_make(line.data, (size_t)(equals - line.data)));
	value = span_make(equals + 1,
			  line.size - (size_t)(equals + 1 - line.data));
	return take_setting(last, name, value_of(value));
}

static size_t indent_of(struct span line)
{
	size_t indent = 0;

	while (indent < line.size && is_blank(line.data[indent]))
		indent++;
	return indent;
}

static int parse_file(struct profile *last, struct span text, bool config)
{
	size_t level = SIZE_MAX; /* of the setting before, in its section */
	bool ours = false;

	if (starts_with(text, "\xef\xbb\xbf"))
		text = span_make(text.data + 3, text.size - 3);
	while (text.size > 0) {
		struct span line = next_line(&text);
		size_t indent = indent_of(line);

		/* What is indented further belongs to the setting before. */
		line = trim(line);
		if (line.size == 0 || strchr("#;", line.data[0]) ||
		    indent > level)
			continue;
		if (line.data[0] == '[') {
			ours = is_ours(last, line, config);
			last->found |= ours;
			level = SIZE_MAX;
			continue;
		}
		level = indent;
		if (ours && parse_line(last, line) != 0)
			return -1;
	}
	return 0;
}

static void take_if_new(char **place, char **found)
{
	if (*place || !*found)
		return;
	*place = *found;
	*found = NULL;
}

int profile_parse(struct profile *profile, struct span text, bool config,
		  struct error *error)
{
	struct profile last = {.name = profile->name};
	int result = parse_file(&last, text, config);

	/* The three are of one file: a token without its key is none. */
	if (!profile->access_key && !profile->secret_key) {
		take_if_new(&profile->access_key, &last.access_key);
		take_if_new(&profile->secret_key, &last.secret_key);
		take_if_new(&profile->session_token, &last.session_token);
	}
	take_if_new(&profile->region, &last.region);
	take_if_new(&profile->endpoint, &last.endpoint);
	take_if_new(&profile->needs, &last.needs);
	profile->found |= last.found;
	last.name = NULL;
	profile_release(&last);
	return result == 0 ? 0 : error_set(error, "out of memory");
}

/* --- the files ------------------------------------------------------------ */

/* Where it is; NULL: nowhere, or memory is out. To be freed. */
static char *path_of(const char *name, const char *usual)
{
	const char *path = environment_text(name);
	const char *home = environment_text("HOME");
	struct buffer text = {0};

	if (!path)
		path = usual;
	/* Where no shell has put HOME in its place, as for a service. */
	if (path[0] == '~' && path[1] == '/') {
		if (!home)
			return NULL;
		buffer_append_text(&text, home);
		path++;
	}
	buffer_append_text(&text, path);
	buffer_append_char(&text, '\0');
	return text.data;
}

/* 1: it is there; 0: it is not; -1: it cannot be read. */
static int load(const char *path, struct buffer *text, struct error *error)
{
	FILE *file = fopen(path, "re");
	char *room;
	int result = 1;

	if (!file && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (!file)
		return error_system(error, errno, "'%s'", path);
	setvbuf(file, NULL, _IONBF, 0); /* no copy is left of keys */
	room = buffer_reserve(text, FILE_MAX + 1);
	if (room)
		text->size = fread(room, 1, FILE_MAX + 1, file);
	if (!room)
		result = error_set(error, "out of memory");
	else if (ferror(file))
		result = error_system(error, errno, "'%s'", path);
	else if (text->size > FILE_MAX)
		result = error_set(error,
				   "'%s' is no file of profiles: it is "
				   "larger than 1 MiB",
				   path);
	fclose(file);
	return result;
}

static int read_file(struct profile *profile, const char *path, bool config,
		     struct error *error)
{
	bool had_keys = profile->access_key || profile->secret_key;
	struct buffer text = {0};
	int result = path ? load(path, &text, error) : 0;

	if (result > 0)
		result = profile_parse(profile, buffer_span(&text), config,
				       error);
	if (result == 0 && !had_keys &&
	    (profile->access_key || profile->secret_key)) {
		profile->file = strdup(path);
		if (!profile->file)
			result = error_set(error, "out of memory");
	}
	if (text.data)
		explicit_bzero(text.data, text.size);
	buffer_release(&text);
	return result;
}

static int read_files(struct profile *profile, const char *credentials,
		      const char *config, struct error *error)
{
	const char *by = "AWS_PROFILE";
	const char *named = environment_text(by);

	if (!named) {
		by = "AWS_DEFAULT_PROFILE";
		named = environment_text(by);
	}
	profile->name = strdup(named ? named : "default");
	if (!profile->name)
		return error_set(error, "out of memory");
	if (read_file(profile, credentials, false, error) != 0 ||
	    read_file(profile, config, true, error) != 0)
		return -1;
	if (named && !profile->found)
		return error_set(error,
				 "no profile '%s' (%s): neither '%s' nor '%s' "
				 "has it",
				 named, by,
				 credentials ? credentials : USUAL_CREDENTIALS,
				 config ? config : USUAL_CONFIG);
	return 0;
}

int profile_read(struct profile *profile, struct error *error)
{
	char *credentials =
		path_of("AWS_SHARED_CREDENTIALS_FILE", USUAL_CREDENTIALS);
	char *config = path_of("AWS_CONFIG_FILE", USUAL_CONFIG);
	int result;

	*profile = (struct profile){0};
	result = read_files(profile, credentials, config, error);
	free(credentials);
	free(config);
	return result;
}
