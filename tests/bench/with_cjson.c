/*
 * with_cjson FILE: counts the lines of FILE by their status with getline and
 * cJSON, as one would write it first, and prints STATUS, tab, count; "-" is
 * standard input. Without FILE it prints cJSON's version.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct group {
	char *name;
	unsigned long count;
};

struct groups {
	struct group *all;
	size_t count;
};

static int groups_add(struct groups *groups, const char *name)
{
	struct group *more;

	for (size_t i = 0; i < groups->count; i++) {
		if (strcmp(groups->all[i].name, name) == 0) {
			groups->all[i].count++;
			return 0;
		}
	}
	more = realloc(groups->all, (groups->count + 1) * sizeof *more);
	if (!more)
		return -1;
	groups->all = more;
	more[groups->count].name = strdup(name);
	more[groups->count].count = 1;
	return more[groups->count++].name ? 0 : -1;
}

static int count_line(struct groups *groups, const char *line)
{
	cJSON *order = cJSON_Parse(line);
	cJSON *status = cJSON_GetObjectItemCaseSensitive(order, "status");
	int result = 0;

	if (cJSON_IsString(status))
		result = groups_add(groups, status->valuestring);
	cJSON_Delete(order);
	return result;
}

int main(int argc, char **argv)
{
	struct groups groups = {NULL, 0};
	char *line = NULL;
	size_t capacity = 0;
	FILE *file;

	if (argc != 2) {
		puts(cJSON_Version());
		return 0;
	}
	file = strcmp(argv[1], "-") == 0 ? stdin : fopen(argv[1], "r");
	if (!file) {
		perror(argv[1]);
		return 1;
	}
	while (getline(&line, &capacity, file) >= 0) {
		if (count_line(&groups, line) != 0) {
			perror("with_cjson");
			return 1;
		}
	}
	for (size_t i = 0; i < groups.count; i++) {
		printf("%s\t%lu\n", groups.all[i].name, groups.all[i].count);
		free(groups.all[i].name);
	}
	free(groups.all);
	free(line);
	fclose(file);
	return 0;
}
