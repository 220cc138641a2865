/*
 * with_yyjson FILE: counts the lines of FILE by their status with yyjson, each
 * parsed where it lies in a piece of 256 KiB, by an allocator that keeps its
 * memory (faster than getline, and than malloc), and prints STATUS, tab, count;
 * "-" is standard input. Without FILE it prints yyjson's version.
 */
#include "pieces.hpp"

#include <yyjson.h>

#include <cstdlib>

static void count_line(Counts &counts, char *line, std::size_t size,
		       const yyjson_alc *allocator)
{
	yyjson_read_err error;
	yyjson_doc *order = yyjson_read_opts(line, size, YYJSON_READ_NOFLAG,
					     allocator, &error);
	yyjson_val *status =
		yyjson_obj_get(yyjson_doc_get_root(order), "status");

	if (!yyjson_is_str(status)) {
		std::fprintf(stderr, "with_yyjson: %s\n",
			     order ? "no status" : error.msg);
		std::exit(1);
	}
	counts.add({yyjson_get_str(status), yyjson_get_len(status)});
	yyjson_doc_free(order);
}

static void count_lines(Counts &counts, char *lines, std::size_t size,
			const yyjson_alc *allocator)
{
	char *end = lines + size;

	while (lines < end) {
		std::size_t rest = static_cast<std::size_t>(end - lines);
		void *newline = std::memchr(lines, '\n', rest);
		char *next = newline ? static_cast<char *>(newline) : end;

		count_line(counts, lines,
			   static_cast<std::size_t>(next - lines), allocator);
		lines = next + 1;
	}
}

int main(int argc, char **argv)
{
	yyjson_alc *allocator;
	Counts counts;
	int status;

	if (argc != 2) {
		std::puts("yyjson " YYJSON_VERSION_STRING);
		return 0;
	}
	allocator = yyjson_alc_dyn_new();
	if (!allocator) {
		std::perror("with_yyjson");
		return 1;
	}
	status = count_file(argv[1], [&](char *lines, std::size_t size) {
		count_lines(counts, lines, size, allocator);
	});
	yyjson_alc_dyn_free(allocator);
	counts.print();
	return status;
}
