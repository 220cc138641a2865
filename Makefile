# ordercount. What to do with it is in README.
#
# CC CPPFLAGS CFLAGS LDFLAGS PREFIX DESTDIR come from the environment or the
# command line; changing flags builds anew what they touch. BUILD names another
# folder for what is built, V=1 shows the commands.

VERSION = 0.1.0
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
BUILD ?= build
PKG_CONFIG ?= pkg-config
# The first that has what the tests want: a system may have several.
PYTHON ?= $(firstword $(shell for p in python3 /usr/bin/python3; do \
	$$p -c 'import pytest,selenium' 2>/dev/null && echo $$p; done) python3)

# What can be left out: make KAFKA=no HTTP=no TLS=no KINESIS=no
KAFKA ?= yes
HTTP ?= yes
TLS ?= yes
KINESIS ?= yes
PARTS_BUILT = $(if $(filter no,$(KAFKA)),,kafka) $(if $(filter no,$(HTTP)),,http) \
	$(if $(filter no,$(TLS)),,tls) $(if $(filter no,$(KINESIS)),,kinesis)

# Found by pkg-config.
LIBRARIES = $(strip gmp sqlite3 \
	$(if $(filter kafka,$(PARTS_BUILT)),rdkafka) \
	$(if $(filter http,$(PARTS_BUILT)),libmicrohttpd) \
	$(if $(filter tls kinesis,$(PARTS_BUILT)),openssl) \
	$(if $(filter kinesis,$(PARTS_BUILT)),libcurl) \
	$(if $(filter kafka http kinesis,$(PARTS_BUILT)),libcjson))
# The library that draws the charts of the page; Debian's libjs-chart.js.
CHART_JS ?= /usr/share/javascript/chart.js/chart.min.js
OC_CPPFLAGS := -Isrc -D_GNU_SOURCE -DORDERCOUNT_VERSION='"$(VERSION)"' \
	$(shell $(PKG_CONFIG) --cflags $(LIBRARIES) 2>/dev/null)
OC_LIBS := $(shell $(PKG_CONFIG) --libs $(LIBRARIES) 2>/dev/null)
OC_CFLAGS = -std=c11 -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes \
	-pthread
OC_LDFLAGS = -pthread
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all

Q = @
ifeq ($(V),1)
Q =
endif

# completion_main.c is a program of its own, which writes the completions.
SOURCES := $(filter-out src/completion_main.c,$(wildcard src/*.c src/*/*.c src/*/*/*.c))
# A part that is left out is a file that says so.
left_out = $(if $(filter $(1),$(PARTS_BUILT)),src/$(1)/none.c,\
	$(filter-out src/$(1)/none.c,$(wildcard src/$(1)/*.c)))
SOURCES := $(filter-out $(foreach part,kafka http tls kinesis,\
	$(call left_out,$(part))),$(SOURCES))
# Places at which tests stop the program.
ifeq ($(TEST_STEPS),yes)
OC_CPPFLAGS += -DTEST_STEPS
endif
OBJECTS := $(SOURCES:src/%.c=$(BUILD)/%.o) \
	$(if $(filter http,$(PARTS_BUILT)),$(BUILD)/http/assets.o)
COMPLETION_OBJECTS := $(BUILD)/completion_main.o $(BUILD)/option_table.o
COMPLETIONS := $(addprefix $(BUILD)/,ordercount.bash _ordercount \
	ordercount.fish)
# Everything but main.c: what unit tests link with.
PARTS := $(filter-out $(BUILD)/main.o,$(OBJECTS))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,\
	$(filter-out $(if $(filter no,$(KAFKA)),tests/unit/test_kafka_%) \
	$(if $(filter no,$(HTTP)),tests/unit/test_http_%) \
	$(if $(filter no,$(KINESIS)),tests/unit/test_kinesis_%),\
	$(wildcard tests/unit/test_*.c)))

.PHONY: all
all: $(BUILD)/ordercount $(COMPLETIONS)

# What is built elsewhere leaves the program of this folder alone.
ifeq ($(BUILD),build)
all: ordercount
endif

ordercount: $(BUILD)/ordercount
	$(Q)cp -f $< $@

$(BUILD)/ordercount: $(OBJECTS)
	@echo "LD $@"
	$(Q)$(CC) $(OC_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(OBJECTS) \
		$(OC_LIBS)

$(BUILD)/completion: $(COMPLETION_OBJECTS)
	@echo "LD $@"
	$(Q)$(CC) $(OC_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^

$(BUILD)/%.o: src/%.c Makefile $(BUILD)/flags | libraries
	@echo "CC $<"
	@mkdir -p $(@D)
	$(Q)$(CC) $(OC_CPPFLAGS) $(CPPFLAGS) $(OC_CFLAGS) $(CFLAGS) \
		-MMD -MP -c -o $@ $<

# The page is built in: each file under its name, index.html for all of it.
PAGE := $(wildcard src/http/page/*)
PAGE_PATHS = $(addprefix /=,$(filter %/index.html,$(PAGE))) \
	$(addprefix /favicon.ico=,$(filter %/icon.svg,$(PAGE))) \
	$(foreach file,$(PAGE),/$(notdir $(file))=$(file)) \
	/chart.js=$(CHART_JS)

$(BUILD)/http/assets.c: $(PAGE) $(CHART_JS) scripts/embed | libraries
	@echo "GEN $@"
	@mkdir -p $(@D)
	$(Q)scripts/embed $(PAGE_PATHS) >$@.new && mv $@.new $@

$(BUILD)/http/assets.o: $(BUILD)/http/assets.c
	@echo "CC $<"
	$(Q)$(CC) $(OC_CPPFLAGS) $(CPPFLAGS) $(OC_CFLAGS) $(CFLAGS) -c -o $@ $<

$(CHART_JS):
	@echo "the page needs $@: scripts/setup (or make HTTP=no)" >&2
	@exit 1

# The cursors' places are to be in registers, one each: gcc would join them in
# vectors, and call memset() for two words.
$(BUILD)/core/json/walk_%.o: OC_CFLAGS += -fno-tree-slp-vectorize \
	-fno-tree-loop-distribute-patterns

.PHONY: libraries
libraries:
	@[ -z "$(LIBRARIES)" ] || $(PKG_CONFIG) --exists $(LIBRARIES) || { \
		echo "ordercount needs the libraries $(LIBRARIES), and" \
			"pkg-config to find them: scripts/setup" >&2; \
		exit 1; }

$(BUILD)/ordercount.bash: $(BUILD)/completion
	@echo "GEN $@"
	$(Q)$< bash >$@.new && mv $@.new $@

$(BUILD)/_ordercount: $(BUILD)/completion
	@echo "GEN $@"
	$(Q)$< zsh >$@.new && mv $@.new $@

$(BUILD)/ordercount.fish: $(BUILD)/completion
	@echo "GEN $@"
	$(Q)$< fish >$@.new && mv $@.new $@

# Touched only when a flag is another one than last time. Whoever installs is
# often root with another environment, and takes what is there.
FLAGS := $(subst ','\'',$(KAFKA) $(HTTP) $(TLS) $(KINESIS) $(TEST_STEPS) $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS))
$(BUILD)/flags: $(if $(filter-out install,$(or $(MAKECMDGOALS),all)),ALWAYS)
	@mkdir -p $(@D)
	@printf '%s\n' '$(FLAGS)' | cmp -s - $@ || printf '%s\n' '$(FLAGS)' >$@

.PHONY: ALWAYS
ALWAYS:

-include $(OBJECTS:.o=.d) $(COMPLETION_OBJECTS:.o=.d) $(UNIT_TESTS:=.d)

# --- tests -------------------------------------------------------------------

# One program a file.
$(BUILD)/unit/%: tests/unit/%.c $(PARTS) Makefile $(BUILD)/flags | test-tools
	@echo "CC $<"
	@mkdir -p $(@D)
	$(Q)$(CC) $(OC_CPPFLAGS) -Itests/unit $(CPPFLAGS) $(OC_CFLAGS) $(CFLAGS) \
		`$(PKG_CONFIG) --cflags check libcjson` -MMD -MP -MF $@.d \
		$(OC_LDFLAGS) $(LDFLAGS) -o $@ $< $(PARTS) \
		`$(PKG_CONFIG) --libs check libcjson` $(OC_LIBS)

# Allocations fail on demand in these.
$(BUILD)/unit/test_memory $(BUILD)/unit/test_marks_memory \
$(BUILD)/unit/test_sum: OC_LDFLAGS += \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
$(BUILD)/unit/test_column $(BUILD)/unit/test_groups_growth: OC_LDFLAGS += \
	-Wl,--wrap=calloc,--wrap=mmap,--wrap=mremap

.PHONY: test-tools
test-tools:
	@$(PKG_CONFIG) --exists check libcjson || { \
		echo "the tests need check and cJSON: scripts/setup test" >&2; \
		exit 1; }

# Ends with `N passed, N failed, N skipped`. PYTEST_FLAGS goes to pytest, of
# which WORKERS run side by side.
WORKERS ?= 2
.PHONY: check
check: all steps $(UNIT_TESTS)
	$(Q)ORDERCOUNT_STEPS=$(STEPS) $(PYTHON) tests/run $(UNIT_TESTS) \
		--without long,kafka --workers $(WORKERS) \
		--pytest tests/cli $(PYTEST_FLAGS)

# What takes minutes: kills by the hundred, rotations by the thousand.
.PHONY: check-long
check-long: all steps
	$(Q)ORDERCOUNT_STEPS=$(STEPS) $(PYTHON) tests/run --only long \
		--workers $(WORKERS) --pytest tests/cli $(PYTEST_FLAGS)

# Half an hour: millions of orders, and members killed at every step of their
# protocol in turn; it says what it does. ORDERCOUNT_SEED chooses another order.
.PHONY: check-kafka
check-kafka: all steps
	$(Q)ORDERCOUNT_STEPS=$(STEPS) $(PYTHON) tests/run --only kafka \
		--pytest tests/cli/test_exactly_once.py -s $(PYTEST_FLAGS)

# The program with steps at which it kills itself, for tests alone.
STEPS = $(abspath $(BUILD)/steps/ordercount)
.PHONY: steps
steps:
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/steps TEST_STEPS=yes \
		$(BUILD)/steps/ordercount

# The picture in README, anew.
.PHONY: picture
picture: all
	$(Q)ORDERCOUNT_PICTURE=yes $(PYTHON) tests/run \
		--pytest tests/cli/test_page_picture.py $(PYTEST_FLAGS)

.PHONY: unit
unit: $(UNIT_TESTS)
	$(Q)$(PYTHON) tests/run $(UNIT_TESTS)

# Every level of this processor against the one in C; of no library, so that it
# can be built for another processor.
LEVELS_OBJECTS := $(patsubst tests/levels/%.c,$(BUILD)/levels/%.o,\
	$(wildcard tests/levels/*.c))
LEVELS_PARTS := $(filter $(BUILD)/core/json/%,$(OBJECTS)) \
	$(addprefix $(BUILD)/,core/lane.o core/fields.o base/buffer.o \
	base/error.o base/utf8.o)

$(BUILD)/levels/%.o: tests/levels/%.c Makefile $(BUILD)/flags
	@echo "CC $<"
	@mkdir -p $(@D)
	$(Q)$(CC) $(OC_CPPFLAGS) -Itests/unit $(CPPFLAGS) $(OC_CFLAGS) $(CFLAGS) \
		-MMD -MP -c -o $@ $<

$(BUILD)/check-levels: $(LEVELS_OBJECTS) $(LEVELS_PARTS)
	@echo "LD $@"
	$(Q)$(CC) $(OC_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^

-include $(LEVELS_OBJECTS:.o=.d)

# Then what the program makes of records, with levels that are not the best one
# here.
LEVELS_PASSED_OVER = off $(if $(filter x86_64,$(shell uname -m)),sse2)
LEVELS_TESTS := $(addprefix tests/cli/,test_records.py test_query.py \
	test_reference.py)

.PHONY: check-levels
check-levels: $(BUILD)/check-levels all
	$(Q)$(BUILD)/check-levels
	$(Q)for level in $(LEVELS_PASSED_OVER); do \
		echo "-- ORDERCOUNT_SIMD=$$level"; \
		ORDERCOUNT_SIMD=$$level $(PYTHON) tests/run --without long \
			--pytest $(LEVELS_TESTS) $(PYTEST_FLAGS) || exit 1; \
	done

# The same for aarch64, on any processor. What this one's libraries say of where
# they are is not for the other.
.PHONY: check-neon
check-neon:
	$(Q)$(MAKE) --no-print-directory BUILD=build/aarch64 LIBRARIES= \
		CC=aarch64-linux-gnu-gcc CFLAGS="-O2 -g" LDFLAGS=-static \
		build/aarch64/check-levels
	$(Q)qemu-aarch64 build/aarch64/check-levels

# Invented input, by libFuzzer; see tests/fuzz/README.
FUZZ_SECONDS ?= 60
FUZZ_SANITIZE ?= fuzzer,address,undefined
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,\
	$(filter-out $(if $(filter no,$(KINESIS)),tests/fuzz/fuzz_kinesis_%),\
	$(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_SOURCES := $(wildcard src/core/json/*.c) $(addprefix src/,core/lane.c \
	core/fields.c base/buffer.c base/error.c base/utf8.c) \
	$(if $(filter kinesis,$(PARTS_BUILT)),$(addprefix src/kinesis/,\
	aggregated.c answer.c profile.c))
FUZZ_LIBRARIES = libcjson $(if $(filter kinesis,$(PARTS_BUILT)),openssl)

$(BUILD)/fuzz/%: tests/fuzz/%.c $(FUZZ_SOURCES) Makefile $(BUILD)/flags
	@echo "CLANG $<"
	@mkdir -p $(@D)
	$(Q)clang $(OC_CPPFLAGS) -Itests/unit $(OC_CFLAGS) -O2 -g \
		-fsanitize=$(FUZZ_SANITIZE) -fno-sanitize-recover=all \
		`$(PKG_CONFIG) --cflags $(FUZZ_LIBRARIES)` -o $@ $< \
		$(FUZZ_SOURCES) `$(PKG_CONFIG) --libs $(FUZZ_LIBRARIES)`

.PHONY: fuzz
fuzz: $(FUZZ_TARGETS)
	$(Q)tests/fuzz/run $(FUZZ_SECONDS) $(FUZZ_TARGETS)

.PHONY: fuzz-short
fuzz-short: $(FUZZ_TARGETS)
	$(Q)tests/fuzz/run 15 $(FUZZ_TARGETS)

# The same under AddressSanitizer and UndefinedBehaviorSanitizer, but for what
# measures memory or time. What they find has a status that no test expects.
SANITIZED = BUILD=build/asan \
	CFLAGS="-O1 -g -fno-omit-frame-pointer $(SANITIZE)"

.PHONY: asan
asan: all
	$(Q)$(MAKE) --no-print-directory $(SANITIZED) sanitized-check

.PHONY: asan-build
asan-build:
	$(Q)$(MAKE) --no-print-directory $(SANITIZED) sanitized-build

.PHONY: sanitized-build
sanitized-build: $(BUILD)/ordercount steps $(UNIT_TESTS)

.PHONY: sanitized-check
sanitized-check: sanitized-build
	$(Q)ORDERCOUNT=$(BUILD)/ordercount ORDERCOUNT_STEPS=$(STEPS) \
	ASAN_OPTIONS=exitcode=99:allocator_may_return_null=1 \
	UBSAN_OPTIONS=exitcode=99:print_stacktrace=1 \
		$(PYTHON) tests/run $(UNIT_TESTS) \
		--without limits,long,kafka,tools --workers $(WORKERS) \
		--pytest tests/cli $(PYTEST_FLAGS)

# A short run of the CLI tests marked for it.
.PHONY: valgrind
valgrind: all
	$(Q)ORDERCOUNT_DEADLINE_S=120 ORDERCOUNT_UNDER="valgrind -q \
		--error-exitcode=99 --leak-check=full --track-fds=no \
		--errors-for-leak-kinds=definite,indirect,possible" \
		$(PYTHON) tests/run --only valgrind \
		--workers $(WORKERS) --pytest tests/cli $(PYTEST_FLAGS)

.PHONY: lint
lint:
	$(Q)CC=$(CC) LINT_CFLAGS='$(OC_CFLAGS)' \
		LINT_CPPFLAGS='$(subst ','\'',$(OC_CPPFLAGS))' scripts/lint

# BENCH_FLAGS goes to the bench.
.PHONY: bench
bench: all
	$(Q)tests/bench/run $(BENCH_FLAGS)

# And beside what scripts/bench-others fetches; OTHERS_FLAGS goes to that part.
.PHONY: bench-all
bench-all: bench
	$(Q)tests/bench/others/run $(OTHERS_FLAGS)

# On a broker of its own, beside what scripts/bench-others streams fetches;
# KAFKA_FLAGS goes to it.
.PHONY: bench-kafka
bench-kafka: all
	$(Q)tests/bench/kafka/run $(KAFKA_FLAGS)

# --- installation -------------------------------------------------------------

BIN = $(DESTDIR)$(PREFIX)/bin
SHARE = $(DESTDIR)$(PREFIX)/share
UNITS = $(DESTDIR)$(PREFIX)/lib/systemd/system
EXAMPLES = $(SHARE)/doc/ordercount/examples
EXAMPLE_FILES = scripts/ordercount-alerts.yml scripts/ordercount-grafana.json
INSTALLED = $(BIN)/ordercount $(SHARE)/man/man1/ordercount.1 \
	$(SHARE)/bash-completion/completions/ordercount \
	$(SHARE)/zsh/site-functions/_ordercount \
	$(SHARE)/fish/vendor_completions.d/ordercount.fish \
	$(SHARE)/doc/ordercount/README $(SHARE)/doc/ordercount/COPYING \
	$(addprefix $(EXAMPLES)/,$(notdir $(EXAMPLE_FILES))) \
	$(UNITS)/ordercount@.service

.PHONY: install
install: all
	$(Q)install -d $(sort $(dir $(INSTALLED)))
	$(Q)install -m 755 $(BUILD)/ordercount $(BIN)/ordercount
	$(Q)install -m 644 man/ordercount.1 $(SHARE)/man/man1/ordercount.1
	$(Q)install -m 644 $(BUILD)/ordercount.bash \
		$(SHARE)/bash-completion/completions/ordercount
	$(Q)install -m 644 $(BUILD)/_ordercount \
		$(SHARE)/zsh/site-functions/_ordercount
	$(Q)install -m 644 $(BUILD)/ordercount.fish \
		$(SHARE)/fish/vendor_completions.d/ordercount.fish
	$(Q)install -m 644 README COPYING $(SHARE)/doc/ordercount
	$(Q)install -m 644 $(EXAMPLE_FILES) $(EXAMPLES)
	$(Q)sed 's|/usr/local/|$(PREFIX)/|' scripts/ordercount@.service | \
		install -m 644 /dev/stdin $(UNITS)/ordercount@.service

.PHONY: uninstall
uninstall:
	$(Q)rm -f $(INSTALLED)
	$(Q)rmdir $(EXAMPLES) $(SHARE)/doc/ordercount 2>/dev/null || true

.PHONY: clean
clean:
	$(Q)rm -rf build ordercount
