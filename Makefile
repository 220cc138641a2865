# ordercount: see README. Flags come from the environment or the command line:
# CC CFLAGS CPPFLAGS LDFLAGS PREFIX DESTDIR. `make V=1` shows the commands.

VERSION = 0.1.0
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
BUILD ?= build
PYTHON ?= python3
PKG_CONFIG ?= pkg-config

OC_CPPFLAGS = -Isrc -D_GNU_SOURCE -DORDERCOUNT_VERSION='"$(VERSION)"'
OC_CFLAGS = -std=c11 -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes \
	-pthread
OC_LDFLAGS = -pthread

Q = @
ifeq ($(V),1)
Q =
endif

SOURCES := $(wildcard src/*.c src/*/*.c)
# Everything but main.c: what tests link against.
PARTS := $(filter-out src/main.c,$(SOURCES))
OBJECTS := $(SOURCES:src/%.c=$(BUILD)/%.o)
PART_OBJECTS := $(PARTS:src/%.c=$(BUILD)/%.o)

UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
UNIT_TESTS := $(UNIT_SOURCES:tests/unit/%.c=$(BUILD)/unit/%)

.PHONY: all
all: ordercount

ordercount: $(BUILD)/ordercount
	$(Q)cp -f $< $@

$(BUILD)/ordercount: $(OBJECTS)
	@echo "LD $@"
	$(Q)$(CC) $(OC_LDFLAGS) $(LDFLAGS) -o $@ $^

$(BUILD)/%.o: src/%.c Makefile
	@echo "CC $<"
	@mkdir -p $(@D)
	$(Q)$(CC) $(OC_CPPFLAGS) $(CPPFLAGS) $(OC_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(OBJECTS:.o=.d)

# --- unit tests: one program a file, linked with every module but main ------
$(BUILD)/unit/%: tests/unit/%.c $(PART_OBJECTS) Makefile
	@echo "CC $<"
	@mkdir -p $(@D)
	$(Q)$(CC) $(OC_CPPFLAGS) -Itests/unit $(CPPFLAGS) $(OC_CFLAGS) $(CFLAGS) \
		`$(PKG_CONFIG) --cflags check libcjson` -MMD -MP -MF $@.d \
		$(OC_LDFLAGS) $(LDFLAGS) -o $@ $< $(PART_OBJECTS) \
		`$(PKG_CONFIG) --libs check libcjson`

-include $(UNIT_TESTS:=.d)

.PHONY: unit
unit: $(UNIT_TESTS)
	@for t in $(UNIT_TESTS); do $$t || exit 1; done

.PHONY: clean
clean:
	$(Q)rm -rf build ordercount
