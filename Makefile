# Headgate: the datapath (xdp/), the daemon (control/), the command (tools/headgate/), their tests.
#   make            everything that runs        make check    every test (needs root)
#   make lint       all checks of the source    make install  DESTDIR= PREFIX=
#   make bench      how fast it is here         make bench-compare BASE=revision
VERSION := 0.1.0
B ?= build
CC ?= gcc
OBJCOPY ?= objcopy
CLANG ?= $(firstword $(shell command -v clang-14 clang clang-19 2>/dev/null))
PREFIX ?= /usr/local
MAKEFLAGS += --no-builtin-rules
.SECONDARY:
.DELETE_ON_ERROR:

PACKAGES := libbpf libxdp libcurl json-c yaml-0.1 libmicrohttpd libmnl libuv smartcols libcap-ng
ARCH_INCLUDE := /usr/include/$(shell $(CC) -dumpmachine)
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wvla -Wwrite-strings -Werror
CPPFLAGS += -Iinclude -D_GNU_SOURCE -DHEADGATE_VERSION='"$(VERSION)"' \
	$(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
CFLAGS ?= -O2 -g
CFLAGS += -std=gnu17 $(WARN) -fno-strict-aliasing
LDLIBS += $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)
# Whose memory order the programs are for (xdp/order.h): x86, or anything else.
BPF_ARCH ?= $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))))
BPF_CFLAGS := -O2 -g -std=gnu17 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(BPF_ARCH) -Wall -Wextra -Wno-unused-function -Wno-unused-parameter -Werror \
	-fno-strict-aliasing -Iinclude -I$(ARCH_INCLUDE)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

bpf := $(patsubst xdp/%.bpf.c,$(B)/xdp/%.bpf.o,$(wildcard xdp/*.bpf.c))
parts := $(filter-out control/main.c,$(wildcard control/*.c control/*/*.c))
objects := $(parts:%.c=$(B)/%.o) $(B)/control/datapath/programs.o
sanitized := $(parts:%.c=$(B)/san/%.o) $(B)/control/datapath/programs.o
cli := $(patsubst %.c,$(B)/%.o,$(wildcard tools/headgate/*.c))
units := $(patsubst selftests/unit/%.c,$(B)/unit/%,$(wildcard selftests/unit/*_test.c))
datapath_tests := $(patsubst selftests/datapath/%.c,$(B)/datapath/%,$(wildcard selftests/datapath/*_test.c))
plan_tests := $(patsubst selftests/plan/%.c,$(B)/plan/%,$(wildcard selftests/plan/*_test.c))
cli_tests := $(patsubst selftests/cli/%.c,$(B)/cli/%,$(wildcard selftests/cli/*_test.c))
fuzzers := $(patsubst selftests/fuzz/%.c,$(B)/fuzz/%,$(wildcard selftests/fuzz/*_fuzz.c))
net_tools := $(patsubst selftests/net/%.c,$(B)/net/%,$(wildcard selftests/net/*.c)) \
	$(patsubst selftests/net/%.bpf.c,$(B)/net/%.bpf.o,$(wildcard selftests/net/*.bpf.c))
net_tools := $(filter-out %.bpf,$(net_tools))
oracle := $(B)/oracle/verdicts $(B)/oracle/loaded
man := $(patsubst tools/man/%.scd,$(B)/man/%,$(wildcard tools/man/*.scd))

all: $(B)/headgated $(B)/headgate man
man: $(man)
tests: $(units) $(datapath_tests) $(plan_tests) $(cli_tests) $(net_tools) $(oracle)
fuzzers: $(fuzzers)
check:
	tools/check
lint:
	tools/lint
bench:
	tools/bench
bench-compare:
	tools/bench compare $(BASE)
bench-tools: all $(patsubst %,$(B)/bench/%,programs frames frames.bpf.o control) \
	$(patsubst %,$(B)/net/%,pass.bpf.o echo stream)
golden-update: $(plan_tests) $(cli_tests)
	set -e; for test in $^; do GOLDEN_UPDATE=1 $$test; done
clean:
	rm -rf $(B)

$(B)/headgated: $(B)/control/main.o $(B)/libheadgate.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(B)/headgate: $(cli) $(B)/libheadgate.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(B)/libheadgate.a: $(objects)
	rm -f $@; ar rcs $@ $^
$(B)/san/libheadgate.a: $(sanitized)
	rm -f $@; ar rcs $@ $^

$(B)/xdp/%.bpf.o: xdp/%.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<
	llvm-strip-14 -g $@ 2>/dev/null || llvm-strip -g $@
	@echo clang-$$($(CLANG) -dumpversion | cut -d. -f1) >$(@D)/compiler
$(B)/control/datapath/programs.o: control/datapath/programs.S $(bpf)
	@mkdir -p $(@D)
	$(CC) -c -I$(B)/xdp -o $@ $<
$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(B)/san/%.o: %.c
	@mkdir -p $(@D)
	$(CLANG) $(CPPFLAGS) $(CFLAGS) $(SANITIZE) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

# Unit, plan, command-line and oracle's tests run under ASan and UBSan; datapath tests load real programs.
$(B)/unit/%: $(B)/san/selftests/unit/%.o $(B)/san/libheadgate.a
	@mkdir -p $(@D)
	$(CLANG) $(CFLAGS) $(SANITIZE) -o $@ $^ $(LDLIBS) -lcmocka
$(B)/unit/policy_scarce_test: LDLIBS += -Wl,--wrap=calloc,--wrap=reallocarray,--wrap=strdup
# CPUs that stand still, at each load and store: selftests/unit/pause.h.
$(B)/san/selftests/unit/%_pause_test.o: CFLAGS += -fsanitize-coverage=trace-loads,trace-stores
$(B)/plan/%: $(B)/san/selftests/plan/%.o $(B)/san/libheadgate.a
	@mkdir -p $(@D)
	$(CLANG) $(CFLAGS) $(SANITIZE) -o $@ $^ $(LDLIBS) -lcmocka
$(B)/cli/%: $(B)/san/selftests/cli/%.o $(patsubst %.c,$(B)/san/%.o,$(filter-out tools/headgate/main.c,$(wildcard tools/headgate/*.c))) $(B)/san/libheadgate.a
	@mkdir -p $(@D)
	$(CLANG) $(CFLAGS) $(SANITIZE) -o $@ $^ $(LDLIBS) -lcmocka
oracle_parts := verdicts state moments reader
$(B)/oracle/verdicts: $(patsubst %,$(B)/san/selftests/oracle/%.o,$(oracle_parts) tables_memory) \
		$(B)/san/libheadgate.a
	@mkdir -p $(@D)
	$(CLANG) $(CFLAGS) $(SANITIZE) -o $@ $^ $(LDLIBS)
harness := $(patsubst %.c,$(B)/%.o,$(filter-out %_test.c %.bpf.c,$(wildcard selftests/datapath/*.c)))
$(B)/datapath/%: $(B)/selftests/datapath/%.o $(harness) $(B)/libheadgate.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS) -lcmocka -lpthread
# The same questions, answered by the loaded programs.
$(B)/oracle/loaded: $(patsubst %,$(B)/selftests/oracle/%.o,$(oracle_parts) tables_loaded) \
		$(harness) $(B)/libheadgate.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS) -lcmocka -lpthread
# What tools/check kernels runs in its guests: tests of rows in one process, so that the
# verifier works once; and the program beside ours.
smoke := budget clusterip reply nat pods icmp fragment neighbours policy policy_odd
$(B)/kernels/%_rows.o: $(B)/selftests/datapath/%_test.o
	@mkdir -p $(@D)
	$(OBJCOPY) --redefine-sym main=$*_main $< $@
$(B)/kernels/smoke: $(B)/selftests/kernels/smoke.o $(smoke:%=$(B)/kernels/%_rows.o) $(harness) $(B)/libheadgate.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka -lpthread
$(B)/kernels/%.bpf.o: selftests/kernels/%.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c -o $@ $<
$(B)/fuzz/%: selftests/fuzz/%.c $(B)/san/libheadgate.a
	@mkdir -p $(@D)
	$(CLANG) $(CPPFLAGS) $(CFLAGS) $(SANITIZE) -fsanitize=fuzzer -MMD -MP -MF $(B)/fuzz/$*.d -o $@ $(filter %.c %.a,$^) $(LDLIBS)
$(B)/fuzz/policy_fuzz: LDLIBS += -lcmocka
$(B)/bench/%.bpf.o: selftests/bench/%.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<
bench_parts := $(patsubst %,$(B)/selftests/bench/%.o,options stage world guard traffic measure run fresh guarded) \
	$(patsubst %,$(B)/selftests/datapath/%.o,packet_build packet_sum topology)
$(B)/bench/programs: $(B)/selftests/bench/programs.o $(bench_parts) $(B)/libheadgate.a \
		| $(B)/bench/restore.bpf.o $(B)/bench/yardstick.bpf.o
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)
$(B)/bench/frames: $(patsubst %,$(B)/selftests/bench/%.o,frames frame lane runner sample)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)
$(B)/bench/control: $(patsubst %,$(B)/selftests/bench/%.o,control change compile fill relabel sample) $(B)/libheadgate.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)
$(B)/net/%.bpf.o: selftests/net/%.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c -o $@ $<
$(B)/net/%: selftests/net/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< -lpthread
$(B)/man/%: tools/man/%.scd
	@mkdir -p $(@D)
	scdoc < $< > $@

install: all
	install -D $(B)/headgated $(DESTDIR)$(PREFIX)/sbin/headgated
	install -D $(B)/headgate $(DESTDIR)$(PREFIX)/bin/headgate
	set -e; for page in $(man); do \
		install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done

-include $(shell find $(B) -name '*.d' -type f 2>/dev/null)
.PHONY: all man tests fuzzers check lint bench bench-compare bench-tools golden-update clean install
