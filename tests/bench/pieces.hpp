/*
 * What the C++ peers share: a file or standard input in pieces of 256 KiB, cut
 * after their last line, and counts by status.
 */
#ifndef TESTS_BENCH_PIECES_HPP
#define TESTS_BENCH_PIECES_HPP

#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

constexpr std::size_t PIECE = 256 * 1024;
/* Parsers may read so far behind a piece. */
constexpr std::size_t PADDING = 128;

class Counts
{
      public:
	void add(std::string_view status)
	{
		for (auto &group : groups) {
			if (group.first == status) {
				group.second++;
				return;
			}
		}
		groups.emplace_back(status, 1);
	}

	void print() const
	{
		for (const auto &group : groups)
			std::printf("%s\t%lu\n", group.first.c_str(),
				    group.second);
	}

      private:
	std::vector<std::pair<std::string, unsigned long>> groups;
};

/*
 * Calls use(begin, size) with whole lines, until the end: 0, or -1 with errno.
 * What follows the last newline of a piece moves to the front of the next.
 */
template <typename Use> int read_pieces(int fd, Use use)
{
	std::vector<char> buffer(PIECE + PADDING);
	std::size_t held = 0;
	ssize_t got;

	while ((got = read(fd, buffer.data() + held,
			   buffer.size() - PADDING - held)) > 0) {
		char *begin = buffer.data();
		const void *last = memrchr(begin + held, '\n',
					   static_cast<std::size_t>(got));
		std::size_t whole = 0;

		held += static_cast<std::size_t>(got);
		if (last) {
			whole = static_cast<std::size_t>(
				static_cast<const char *>(last) + 1 - begin);
			use(begin, whole);
			std::memmove(begin, begin + whole, held - whole);
			held -= whole;
		} else if (held == buffer.size() - PADDING) {
			buffer.resize(buffer.size() * 2);
		}
	}
	if (got == 0 && held > 0)
		use(buffer.data(), held);
	return got == 0 ? 0 : -1;
}

/* The same of a file by name, - is standard input. Returns main's status. */
template <typename Use> int count_file(const char *path, Use use)
{
	bool is_stdin = std::strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY);

	if (fd >= 0 && read_pieces(fd, use) == 0)
		return 0;
	std::perror(path);
	return 1;
}

#endif
