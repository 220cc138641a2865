/*
 * with_simdjson on-demand|dom FILE: counts the lines of FILE by their status
 * with simdjson, in pieces of 256 KiB (as many documents at once, which is
 * mostly faster than line by line), and prints STATUS, tab, count; "-" is
 * standard input. On-Demand checks what it walks over only in part, DOM all of
 * it. Without FILE it prints simdjson's version and which of its code this
 * build uses.
 */
#include "pieces.hpp"

#include <simdjson.h>

#include <cstdlib>

static void check(simdjson::error_code error)
{
	if (!error)
		return;
	std::fprintf(stderr, "with_simdjson: %s\n",
		     simdjson::error_message(error));
	std::exit(1);
}

/* Counts the lines of a piece by what the parser makes of it. */
template <typename Stream> static void count(Counts &counts, Stream &stream)
{
	for (auto order : stream) {
		std::string_view status;

		check(order["status"].get_string().get(status));
		counts.add(status);
	}
}

static int count_on_demand(const char *path, Counts &counts)
{
	simdjson::ondemand::parser parser;
	simdjson::ondemand::document_stream stream;

	return count_file(path, [&](char *lines, std::size_t size) {
		check(parser.iterate_many(lines, size, size + 1).get(stream));
		count(counts, stream);
	});
}

static int count_dom(const char *path, Counts &counts)
{
	simdjson::dom::parser parser;
	simdjson::dom::document_stream stream;

	return count_file(path, [&](char *lines, std::size_t size) {
		check(parser.parse_many(lines, size, size + 1).get(stream));
		count(counts, stream);
	});
}

int main(int argc, char **argv)
{
	Counts counts;
	int status;

	if (argc != 3) {
		std::printf("simdjson %s, %s\n", SIMDJSON_VERSION,
			    simdjson::builtin_implementation()->name().c_str());
		return 0;
	}
	status = std::strcmp(argv[1], "dom") == 0
			 ? count_dom(argv[2], counts)
			 : count_on_demand(argv[2], counts);
	counts.print();
	return status;
}
