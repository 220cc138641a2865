#include "help.h"

#include <gmp.h>
#include <sqlite3.h>
#include <string.h>

#include "http/http.h"
#include "kafka/kafka.h"
#include "kinesis/kinesis.h"
#include "option_table.h"
#include "tls/tls.h"

#define WIDTH	    79
#define TEXT_COLUMN 27

/* Where the text of an operand or an option begins, and wraps to. */
static void print_entry(FILE *out, const char *name, const char *text)
{
	int column = fprintf(out, "%s", name);

	if (column > TEXT_COLUMN - 2) {
		fputc('\n', out);
		column = 0;
	}
	while (*text != '\0') {
		int size = (int)strcspn(text, " ");

		if (column < TEXT_COLUMN) {
			fprintf(out, "%*s", TEXT_COLUMN - column, "");
			column = TEXT_COLUMN;
		} else if (column + 1 + size > WIDTH) {
			fprintf(out, "\n%*s", TEXT_COLUMN, "");
			column = TEXT_COLUMN;
		} else {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", size, text);
		column += size;
		text += size;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void print_option(FILE *out, const struct option_entry *entry)
{
	char name[64];
	char text[256];
	char dash[8] = "   ";

	if (entry->letter != '\0')
		snprintf(dash, sizeof(dash), "-%c,", entry->letter);
	snprintf(name, sizeof(name), "  %s --%s%s%s", dash, entry->name,
		 entry->argument ? "=" : "",
		 entry->argument ? entry->argument : "");
	snprintf(text, sizeof(text), "%s%s%s%s", entry->help,
		 entry->usual ? " [" : "", entry->usual ? entry->usual : "",
		 entry->usual ? "]" : "");
	print_entry(out, name, text);
}

static void print_options(FILE *out)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct option_entry *entry = &option_table[i];

		if (i == 0 || entry->group != option_table[i - 1].group)
			fprintf(out, "\n%s:\n",
				option_group_title(entry->group));
		print_option(out, entry);
	}
}

void help_print(FILE *out)
{
	fputs("Usage: ordercount [OPTION]... HOST PORT\n"
	      "       ordercount [OPTION]... SOURCE...\n"
	      "Count orders, one JSON object a line, by a field; at the end of "
	      "every window\n"
	      "print each group's count in the window and in all.\n"
	      "\nSources:\n",
	      out);
	print_entry(out, "  HOST PORT", "the same as tcp://HOST:PORT");
	print_entry(out, "  tcp://HOST:PORT",
		    "dial out over TCP; HOST is a name, IPv4 or [IPv6]");
	print_entry(out, "  tls://HOST:PORT",
		    "the same over TLS, its certificate verified");
	print_entry(out, "  kafka://BROKER[,BROKER]/TOPIC[,TOPIC]",
		    "every partition of the topics, or ?partitions=0-3,7; "
		    "--group shares them");
	print_entry(out, "  kinesis://STREAM[?region=R&endpoint=URL]",
		    "every shard of the stream, children after their parents");
	print_entry(out, "  FILE", "a file or a FIFO; a log with --follow");
	print_entry(out, "  DIRECTORY",
		    "every regular file in it; with --follow those moved in "
		    "later, too");
	print_entry(out, "  -", "standard input");
	print_options(out);
	fputs("\n"
	      "In brackets stands what holds without the option. A DURATION is "
	      "500ms, 5s, 1m,\n"
	      "1h or 1d; a bare number is seconds. A SIZE is 64K, 1M or 1G. A "
	      "FIELD is a name\n"
	      "(status), a dotted path (customer.country) or a JSON Pointer "
	      "(/a.b). EXPR is\n"
	      "FIELD OP VALUE for --where (country=DE, amount>=100), NAME OP "
	      "NUMBER for\n"
	      "--fail-if (FAILED>10, @orders=0).\n"
	      "\n"
	      "Examples:\n"
	      "  ordercount localhost 9998 --window 5\n"
	      "  ordercount --key=shop,status --top=10 orders.json\n"
	      "  zcat orders.json.gz | ordercount --window=all -\n"
	      "  ordercount -w 1m -m 1 --fail-if='FAILED>10' localhost 9998\n"
	      "  ordercount -k url -w 10m -s 1m --top=10 --live localhost "
	      "9998\n"
	      "  ordercount -t created_at -w 1h --state=shop.db orders.json\n"
	      "  ordercount --until-end kafka://localhost:9092/orders\n"
	      "  ordercount 'kinesis://orders?region=eu-north-1'\n"
	      "\n"
	      "Exit status: 0 the input or the run ended, 1 it could not go "
	      "on, 2 wrong usage,\n"
	      "3 a --fail-if held. All about it: man ordercount\n",
	      out);
}

/* A library that may be left out; version: NULL when it is. */
static void print_library(FILE *out, const char *name, const char *version)
{
	if (version)
		fprintf(out, ", %s %s", name, version);
}

void version_print(FILE *out)
{
	fprintf(out,
		"ordercount " ORDERCOUNT_VERSION "\n"
		"Sources: tcp, %s%s%sfile, directory, fifo, standard input\n"
		"Libraries: GMP %s, SQLite %s",
		tls_version() ? "tls, " : "", kafka_version() ? "kafka, " : "",
		kinesis_version() ? "kinesis, " : "", gmp_version,
		sqlite3_libversion());
	print_library(out, "librdkafka", kafka_version());
	print_library(out, "libmicrohttpd", http_version());
	print_library(out, "OpenSSL", tls_version());
	print_library(out, "libcurl", kinesis_version());
	fputc('\n', out);
}
