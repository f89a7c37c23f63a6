# wallprint: offline forensic analysis of packet captures.  `make help` lists the targets.
# Sources are found by wildcard, objects mirror the tree under build/$(MODE)/; there is no configure step.

CC      ?= gcc
AR      ?= ar
MODE    ?= release
PREFIX  ?= /usr/local
DESTDIR ?=
WERROR  ?=
SHARED  ?= $(or $(WALLPRINT_SHARED),../shared)

VERSION := $(shell cat VERSION)
GIT     := $(shell git describe --always --dirty 2>/dev/null || echo release)

BUILD := build/$(MODE)
BIN   := $(if $(filter release,$(MODE)),build/wallprint,$(BUILD)/wallprint)

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef \
        -Wwrite-strings -Wpointer-arith -Wcast-qual -Wimplicit-fallthrough $(WERROR)
HARDEN := -fstack-protector-strong -fPIE -fstack-clash-protection
CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 $(HARDEN)
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
CFLAGS_asan := -O1 -g -fsanitize=address,leak -fno-omit-frame-pointer
LDFLAGS_asan := -fsanitize=address,leak
CFLAGS_ubsan := -O1 -g -fsanitize=undefined,float-cast-overflow -fno-sanitize-recover=all
LDFLAGS_ubsan := -fsanitize=undefined
CFLAGS_sanitize := $(CFLAGS_asan) -fsanitize=undefined,float-cast-overflow -fno-sanitize-recover=undefined,float-cast-overflow
LDFLAGS_sanitize := -fsanitize=address,leak,undefined
CFLAGS_tsan := -O1 -g -fsanitize=thread
LDFLAGS_tsan := -fsanitize=thread
CFLAGS_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
LDFLAGS_fuzz := -fsanitize=address,undefined
CFLAGS_profile := -O2 -g -fno-omit-frame-pointer

pkg = $(or $(shell pkg-config --libs $(1) 2>/dev/null),$(2))
LIBS := $(call pkg,libpcap,-lpcap) -ltrace $(call pkg,zlib,-lz) $(call pkg,libzstd,-lzstd) -lcsv \
        $(call pkg,nettle,-lnettle) $(call pkg,libpcre2-8,-lpcre2-8) $(call pkg,jansson,-ljansson)

CPPFLAGS += -I. -D_GNU_SOURCE -DWALLPRINT_VERSION='"$(VERSION)"' -DWALLPRINT_DATADIR='"$(PREFIX)/share/wallprint"'
CFLAGS_ALL := -std=c11 $(WARN) $(CFLAGS_$(MODE)) $(CFLAGS)
LDFLAGS_ALL := $(LDFLAGS_$(MODE)) $(LDFLAGS)

SRC  := $(wildcard analyzer/*.c analyzer/*/*.c dissectors/*.c signatures/*.c)
MAIN := analyzer/main.c
LIB_OBJ  := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(MAIN),$(SRC)))
MAIN_OBJ := $(BUILD)/analyzer/main.o
LIB := $(BUILD)/libwallprint.a

TEST_SRC  := $(filter-out tests/support/% tests/fuzz/%,$(wildcard tests/*/test_*.c tests/*/*/test_*.c))
TEST_BIN  := $(patsubst %.c,$(BUILD)/%,$(TEST_SRC))
SUPPORT_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c))
FUZZ_SRC  := $(wildcard tests/fuzz/fuzz_*.c)
REPLAY_BIN := $(patsubst tests/fuzz/fuzz_%.c,$(BUILD)/tests/fuzz/replay_%,$(FUZZ_SRC))

Q := $(if $(V),,@)

.PHONY: all objects tests test unit golden golden-accept cli replay docs check-corpus differential asan ubsan sanitize tsan fuzz lint bench install clean help
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BIN) ## build build/wallprint (default)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "CC $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

# The commit is one object's business, so that a new commit rebuilds one file.
$(BUILD)/analyzer/version.o: CPPFLAGS += -DWALLPRINT_GIT='"$(GIT)"' -DWALLPRINT_BUILD='"$(MODE)"'

$(LIB): $(LIB_OBJ)
	@echo "AR $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BIN): $(MAIN_OBJ) $(LIB)
	@mkdir -p $(@D)
	@echo "LD $@"
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(SUPPORT_OBJ) $(LIB)
	@echo "LD $@"
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -lcmocka $(LIBS)

$(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o $(LIB)
	@echo "LD $@"
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

$(BUILD)/tests/fuzz/fuzzer_%: $(BUILD)/tests/fuzz/fuzz_%.o $(LIB)
	@echo "LD $@"
	$(Q)$(CC) -fsanitize=fuzzer $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

objects: $(LIB_OBJ) $(MAIN_OBJ) $(SUPPORT_OBJ) $(TEST_SRC:%.c=$(BUILD)/%.o) $(FUZZ_SRC:%.c=$(BUILD)/%.o) ## compile everything, link nothing

tests: $(TEST_BIN) $(REPLAY_BIN) ## build the test programs, run none

# Every suite runs, whatever the ones before it said; the summary decides.
test: $(BIN) tests ## all tests: unit, golden, command line, fuzz replay, examples
	$(Q)rm -rf $(BUILD)/results
	$(Q)-$(MAKE) --no-print-directory -k -O MODE=$(MODE) unit golden cli replay docs
	$(Q)scripts/test_summary $(BUILD)

unit: $(TEST_BIN) ## cmocka unit tests
	$(Q)scripts/run_unit_tests $(BUILD) $(TEST_BIN)

golden: $(BIN) ## every samples/<case> against its findings.csv
	$(Q)scripts/golden check $(BIN) $(BUILD)

golden-accept: $(BIN) ## show the difference of CASE= and replace its golden file
	$(Q)scripts/golden accept $(BIN) $(CASE)

cli: $(BIN) ## command line tests
	$(Q)tests/cli/run $(BIN) $(BUILD)

replay: $(REPLAY_BIN) ## fuzz corpus through every fuzz target, without a fuzzer
	$(Q)scripts/replay_corpus $(BUILD) $(REPLAY_BIN)

docs: $(BIN) ## build and run the examples of docs/adding.md
	$(Q)tests/docs/run $(BUILD) "$(CC) -D_GNU_SOURCE $(CFLAGS_ALL)" "$(CC) $(LDFLAGS_ALL)" "$(LIBS)"

check-corpus: $(BIN) ## every capture below DIR=: one row each, no crash
	$(Q)scripts/check_corpus $(BIN) $(DIR)

differential: $(BUILD)/tests/differential/fields ## every capture below DIR=: DNS, Host, SNI and flows against tshark
	$(Q)tests/differential/run $< $(DIR)

asan ubsan sanitize tsan: ## the whole test suite under a sanitizer; sanitize: asan and ubsan in one
	$(Q)$(MAKE) --no-print-directory MODE=$@ test

fuzz: ## run the fuzzer UNIT= for FUZZ_SECONDS= (default 60)
	$(Q)$(MAKE) --no-print-directory MODE=fuzz CC=clang build/fuzz/tests/fuzz/fuzzer_$(UNIT)
	$(Q)mkdir -p build/fuzz/corpus/$(UNIT)
	$(Q)build/fuzz/tests/fuzz/fuzzer_$(UNIT) -max_total_time=$(or $(FUZZ_SECONDS),60) -timeout=10 -rss_limit_mb=2048 \
	    -artifact_prefix=build/fuzz/ build/fuzz/corpus/$(UNIT) tests/fuzz/corpus/$(UNIT)

lint: ## layers, globals, format, clang-tidy, cppcheck
	$(Q)scripts/lint

bench: $(BIN) ## speed and memory against the bare libpcap loop
	$(Q)LIBS="$(LIB) $(LIBS)" scripts/bench $(BIN)

install: $(BIN) ## install below DESTDIR and PREFIX
	install -D -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/wallprint
	install -d $(DESTDIR)$(PREFIX)/share/wallprint/signatures
	install -m 644 $(wildcard signatures/*.csv signatures/*.md) $(DESTDIR)$(PREFIX)/share/wallprint/signatures

clean: ## remove everything that was built
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z -]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 16

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
