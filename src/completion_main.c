/*
 * completion_main: prints the completion of a shell, from the option table.
 * Runs while the program is built: `completion bash|zsh|fish`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "option_table.h"

#define FISH_AT_FILE                                                   \
	"@(__fish_complete_path (commandline -ct | string replace -r " \
	"\"^.*?@\" \"\"))"

/* The help up to its first semicolon. */
static int summary_size(const struct option_entry *entry)
{
	return (int)strcspn(entry->help, ";");
}

/* "--key|-k" */
static void print_bash_pattern(const struct option_entry *entry)
{
	printf("--%s", entry->name);
	if (entry->letter != '\0')
		printf("|-%c", entry->letter);
}

/* The arguments that are not words of an option's own. */
static void print_bash_others(enum option_completion completion,
			      const char *action)
{
	const char *separator = "\t";

	for (int i = 0; i < OPTION_COUNT; i++) {
		if (!option_table[i].argument ||
		    option_table[i].completion != completion)
			continue;
		fputs(separator, stdout);
		print_bash_pattern(&option_table[i]);
		separator = "|";
	}
	printf(")\n\t\t%s\n\t\treturn ;;\n", action);
}

/* bash takes @FILE for two words, and wants the @ all the same. */
static void print_bash_at_files(void)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (option_table[i].completion != COMPLETE_AT_FILE)
			continue;
		fputs("\tif [[ ${COMP_LINE:0:COMP_POINT} =~ (", stdout);
		print_bash_pattern(&option_table[i]);
		fputs(")[=\\ ]*@[^@]*$ &&\n"
		      "\t\t($option == *@ || $current == *@) ]]; then\n"
		      "\t\tcompopt -o filenames\n"
		      "\t\tmapfile -t COMPREPLY < <(\n"
		      "\t\t\tcompgen -P @ -f -- \"${current#*@}\")\n"
		      "\t\treturn\n"
		      "\tfi\n",
		      stdout);
	}
}

static void print_bash(void)
{
	fputs("# bash completion for ordercount\n"
	      "\n"
	      "_ordercount()\n"
	      "{\n"
	      "\tlocal current=${COMP_WORDS[COMP_CWORD]}\n"
	      "\tlocal option=${COMP_WORDS[COMP_CWORD - 1]}\n"
	      "\tlocal i\n"
	      "\n"
	      "\tCOMPREPLY=()\n"
	      "\t# bash takes --format=tsv for three words\n"
	      "\tif [[ $current == = ]]; then\n"
	      "\t\tcurrent=\n"
	      "\telif [[ $option == = ]]; then\n"
	      "\t\toption=${COMP_WORDS[COMP_CWORD - 2]}\n"
	      "\tfi\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\t[[ ${COMP_WORDS[i]} == -- ]] && return\n"
	      "\tdone\n",
	      stdout);
	print_bash_at_files();
	fputs("\tcase $option in\n", stdout);
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct option_entry *entry = &option_table[i];

		if (entry->completion != COMPLETE_WORDS)
			continue;
		putchar('\t');
		print_bash_pattern(entry);
		printf(")\n\t\tCOMPREPLY=($(compgen -W '%s' -- \"$current\"))\n"
		       "\t\treturn ;;\n",
		       entry->words);
	}
	print_bash_others(COMPLETE_FILE, ": # a file: readline's own");
	print_bash_others(COMPLETE_AT_FILE, "compopt +o default");
	print_bash_others(COMPLETE_NOTHING, "compopt +o default");
	fputs("\tesac\n"
	      "\t[[ $current == -* ]] || return\n"
	      "\tCOMPREPLY=($(compgen -W '",
	      stdout);
	for (int i = 0; i < OPTION_COUNT; i++)
		printf("%s--%s%s", i == 0 ? "" : " ", option_table[i].name,
		       option_table[i].argument ? "=" : "");
	fputs("' -- \"$current\"))\n"
	      "\t[[ ${COMPREPLY-} == *= ]] && compopt -o nospace\n"
	      "}\n"
	      "complete -o default -F _ordercount ordercount\n",
	      stdout);
}

static void print_zsh_text(const char *text, int size)
{
	for (int i = 0; i < size; i++) {
		if (strchr("[]:\\", text[i]))
			putchar('\\');
		/* It stands in single quotes. */
		if (text[i] == '\'')
			fputs("'\\'", stdout);
		putchar(text[i]);
	}
}

static void print_zsh_argument(const struct option_entry *entry)
{
	if (!entry->argument)
		return;
	putchar(':');
	print_zsh_text(entry->argument, (int)strlen(entry->argument));
	putchar(':');
	if (entry->completion == COMPLETE_WORDS)
		printf("(%s)", entry->words);
	if (entry->completion == COMPLETE_FILE)
		fputs("_files", stdout);
	if (entry->completion == COMPLETE_AT_FILE)
		fputs("{compset -P @ && _files}", stdout);
}

/* One spelling of an option; the others are ruled out once it was given. */
static void print_zsh_spelling(const struct option_entry *entry, bool letter)
{
	putchar('\'');
	if (entry->repeatable)
		putchar('*');
	else if (entry->letter != '\0')
		printf("(-%c --%s)", entry->letter, entry->name);
	if (letter)
		printf("-%c%s[", entry->letter, entry->argument ? "+" : "");
	else
		printf("--%s%s[", entry->name, entry->argument ? "=" : "");
	print_zsh_text(entry->help, summary_size(entry));
	putchar(']');
	print_zsh_argument(entry);
	fputs("' \\\n", stdout);
}

static void print_zsh(void)
{
	fputs("#compdef ordercount\n\n_arguments -s -S \\\n", stdout);
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (option_table[i].letter != '\0') {
			putchar('\t');
			print_zsh_spelling(&option_table[i], true);
		}
		putchar('\t');
		print_zsh_spelling(&option_table[i], false);
	}
	fputs("\t'*:source:_files'\n", stdout);
}

/* It stands in single quotes. */
static void print_fish_text(const char *text, int size)
{
	for (int i = 0; i < size; i++) {
		if (strchr("'\\", text[i]))
			putchar('\\');
		putchar(text[i]);
	}
}

static void print_fish(void)
{
	puts("# fish completion for ordercount");
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct option_entry *entry = &option_table[i];

		printf("complete -c ordercount -l %s", entry->name);
		if (entry->letter != '\0')
			printf(" -s %c", entry->letter);
		if (entry->completion == COMPLETE_FILE)
			fputs(" -r -F", stdout);
		else if (entry->argument)
			fputs(" -x", stdout);
		if (entry->completion == COMPLETE_WORDS)
			printf(" -a '%s'", entry->words);
		if (entry->completion == COMPLETE_AT_FILE)
			printf(" -a '%s'", FISH_AT_FILE);
		fputs(" -d '", stdout);
		print_fish_text(entry->help, summary_size(entry));
		fputs("'\n", stdout);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *shell;
		void (*print)(void);
	} shells[] = {
		{"bash", print_bash},
		{"zsh", print_zsh},
		{"fish", print_fish},
	};

	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++) {
		if (argc != 2 || strcmp(argv[1], shells[i].shell) != 0)
			continue;
		shells[i].print();
		if (fflush(stdout) == 0 && !ferror(stdout))
			return EXIT_SUCCESS;
		perror("completion: standard output");
		return EXIT_FAILURE;
	}
	fputs("usage: completion bash|zsh|fish\n", stderr);
	return 2;
}
