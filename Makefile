# Tallystick: see README.md. Objects go under build/<mode>/; there is no configure step.
#
#   make            the program, optimised            make check     every test
#   make demo       a registry's story, end to end    make run       that registry, served
#   make asan|tsan  the tests under sanitizers        make bench     measurements

MODE    ?= release
B       ?= build/$(MODE)
PORT    ?= 8080
PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
CC      ?= gcc
PYTHON  ?= /usr/bin/python3
# Files of API stories told side by side.
STORIES ?= $(shell nproc)

PACKAGES := libmicrohttpd gnutls sqlite3 libsodium jansson libcurl libxml-2.0 libarchive libzstd libcrypto libsystemd libseccomp
# V=1 shows whole commands.
Q := $(if $(V),,@)
# Evaluated when first needed, so that `make check` can install the packages before.
PKG_CFLAGS = $(shell pkg-config --cflags $(PACKAGES))
PKG_LIBS   = $(shell pkg-config --libs $(PACKAGES)) -lcsv -lunistring

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-format-truncation
WARNINGS += $(if $(filter fuzz,$(MODE)),-Wno-unknown-warning-option)
HARDEN   := -fstack-protector-strong -fstack-clash-protection $(if $(filter x86_64,$(shell uname -m)),-fcf-protection) -fPIE -fno-strict-overflow -ftrivial-auto-var-init=zero
# The same bytes wherever the tree lies.
FLAGS_release  := -O2 -g -D_FORTIFY_SOURCE=3 -ffile-prefix-map=$(CURDIR)=. $(HARDEN)
FLAGS_asan     := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
FLAGS_tsan     := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
FLAGS_coverage := -O0 -g --coverage -DTALLYSTICK_COVERAGE -fprofile-update=atomic
# With clang: what libFuzzer steers by, and both sanitizers. The driver comes with each target.
# Clang does not define what GCC defines where addresses are checked.
FLAGS_fuzz     := -D__SANITIZE_ADDRESS__ -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
MODE_FLAGS := $(FLAGS_$(MODE))
# What sanitizers and coverage do on their own, the server's sandbox would forbid.
UNCONFINED := $(if $(filter release,$(MODE)),,-DTALLYSTICK_UNCONFINED)
ifeq ($(MODE_FLAGS),)
$(error unknown MODE '$(MODE)')
endif
CFLAGS  ?=
# Warnings are errors here; packagers on other compilers say WERROR=
WERROR  ?= -Werror
override CFLAGS += -std=gnu17 -D_GNU_SOURCE -I. -pthread $(WARNINGS) $(WERROR) $(MODE_FLAGS) $(UNCONFINED) $(PKG_CFLAGS)
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
override LDFLAGS += -pthread $(MODE_FLAGS) $(LDFLAGS_$(MODE))

# libtallystick, the client library (server/library): the command line's client without its terminal. Its objects are made
# apart: they can be loaded anywhere, and show nothing but what tallystick.h declares.
VERSION      = $(shell sed -n 's/^.define TALLYSTICK_VERSION "\(.*\)"/\1/p' server/version.h)
SONAME      := libtallystick.so.0
LIB_PACKAGES := libcurl jansson libsodium libcrypto
LIBRARY_SRC := $(sort $(wildcard server/library/*.c))
LIB_SRC     := $(LIBRARY_SRC) $(sort $(wildcard ledger/base/*.c ledger/crypto/*.c ledger/log/*.c)) ledger/registry/jws.c \
               $(patsubst %,server/client/%.c,act fail files http number receipt tiles verify) \
               $(patsubst %,server/language/%.c,catalogue choose format sentence)
LIB_OBJ     := $(LIB_SRC:%.c=$B/pic/%.o)
LIB_FILES   := $B/lib/$(SONAME) $B/lib/libtallystick.a

LEDGER_SRC := $(sort $(wildcard ledger/*/*.c))
SERVER_SRC := $(filter-out $(LIBRARY_SRC),$(sort $(wildcard server/*/*.c)))
UNIT_SRC   := $(sort $(wildcard tests/unit/test_*.c))
BENCH_SRC  := $(sort $(wildcard tests/bench/*.c))
FUZZ_SRC   := $(sort $(wildcard tests/fuzz/fuzz_*.c))
GENERATE_SRC := $(filter-out tests/bench/main.c,$(BENCH_SRC)) $(sort $(wildcard tests/bench/generate/*.c))

LEDGER_OBJ := $(LEDGER_SRC:%.c=$B/%.o)
SERVER_OBJ := $(SERVER_SRC:%.c=$B/%.o)
UNIT_BIN   := $(UNIT_SRC:%.c=$B/%)
FUZZ_BIN   := $(FUZZ_SRC:%.c=$B/%)
BIN        := $B/tallystick

.PHONY: all demo run check check-unit check-api check-model check-layers check-all asan ubsan tsan lint lint-openapi format coverage bench fault fuzz fuzz-replay valgrind \
        install deb sbom reproducible clean help deps
.DEFAULT_GOAL := all

all: $(BIN) $(LIB_FILES)

$B/ledger.a: $(LEDGER_OBJ)
	@rm -f $@
	@echo '  AR  $@'
	$Q$(AR) rcs $@ $^

$(BIN): $B/server/main.o $(SERVER_OBJ) $B/ledger.a
	@echo '  LD  $@'
	$Q$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$B/lib/$(SONAME): $(LIB_OBJ) server/library/tallystick.map
	@mkdir -p $(@D)
	@echo '  LD  $@'
	$Q$(CC) -shared $(filter-out -pie,$(LDFLAGS)) -Wl,-soname,$(SONAME) -Wl,--version-script,server/library/tallystick.map \
	    $(if $(filter asan tsan,$(MODE)),,-Wl,-z,defs) -Wl,--as-needed -Wl,--gc-sections -o $@ $(LIB_OBJ) $(shell pkg-config --libs $(LIB_PACKAGES)) -lunistring

# One object, whose inner names cannot meet those of the program it is linked into.
$B/lib/libtallystick.a: $(LIB_OBJ)
	@mkdir -p $(@D)
	@echo '  AR  $@'
	$Q$(LD) -r -o $B/lib/tallystick.o $^ && objcopy --localize-hidden $B/lib/tallystick.o
	@rm -f $@
	$Q$(AR) rcs $@ $B/lib/tallystick.o

$B/pic/%.o: %.c
	@mkdir -p $(@D)
	@echo '  CC  $< (library)'
	$Q$(CC) $(filter-out -fPIE,$(CFLAGS)) -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections -MMD -MP -c -o $@ $<

$B/%.o: %.c
	@mkdir -p $(@D)
	@echo '  CC  $<'
	$Q$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# Files that are built into the program as they are.
$B/ledger/store/schema.o: $(wildcard schema/*.sql)
$B/ledger/store/pack.o: $(wildcard ledger/store/*.dict)
$B/server/api/openapi.o: $(wildcard schema/openapi.json)
$B/server/docs/page.o: server/docs/page.css
# The catalogues of translations, which the assembler looks for in $B.
$B/%.mo: schema/%.po
	@mkdir -p $(@D)
	@echo '  MSG $<'
	$Qmsgfmt -o $@ $<
$B/server/language/catalogue.o $B/pic/server/language/catalogue.o: $B/zh.mo
$B/server/language/describe.o: $B/openapi.zh.mo
$B/server/language/%.o $B/pic/server/language/%.o: override CFLAGS += -Wa,-I$B

$B/tests/unit/%: $B/tests/unit/%.o $(SERVER_OBJ) $B/ledger.a
	@echo '  LD  $@'
	$Q$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcmocka

.SECONDARY: $(FUZZ_SRC:%.c=$B/%.o) $B/tests/fuzz/replay.o
# A fuzz target: with libFuzzer in MODE=fuzz, else with a main that runs it over files.
FUZZ_DRIVER = $(if $(filter fuzz,$(MODE)),-fsanitize=fuzzer,$B/tests/fuzz/replay.o)
$B/tests/fuzz/fuzz_%: $B/tests/fuzz/fuzz_%.o $(if $(filter fuzz,$(MODE)),,$B/tests/fuzz/replay.o) $(SERVER_OBJ) $B/ledger.a
	@echo '  LD  $@'
	$Q$(CC) $(LDFLAGS) -o $@ $< $(FUZZ_DRIVER) $(SERVER_OBJ) $B/ledger.a $(PKG_LIBS)

$B/bench: $(BENCH_SRC:%.c=$B/%.o) $B/ledger.a
	@echo '  LD  $@'
	$Q$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$B/bench-syncs.so: tests/bench/preload/syncs.c
	@mkdir -p $(@D)
	@echo '  LD  $@'
	$Q$(CC) $(filter-out -fPIE,$(CFLAGS)) -fPIC -shared -o $@ $<

# The floor of a whole request (tests/bench/README.md).
$B/bare: $B/tests/bench/bare/server.o $B/ledger.a
	@echo '  LD  $@'
	$Q$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

# Makes large registries (tests/bench/README.md).
$B/generate: $(GENERATE_SRC:%.c=$B/%.o) $(filter-out $B/server/client/%,$(SERVER_OBJ)) $B/ledger.a
	@echo '  LD  $@'
	$Q$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lm

# Faults on purpose: the calls that the harness lets fail are led to it by the linker.
FAULT_SRC   := $(sort $(wildcard tests/fault/*.c))
FAULT_WRAPS := malloc calloc realloc strdup open mkostemp read pread __read_chk __pread_chk write pwrite fsync fdatasync \
               lg_now lg_random lg_uuid_new lg_ledger_begin lg_ledger_begin_anew lg_query_next lg_query_run \
               webhooks_private_ok
$B/faults: $(FAULT_SRC:%.c=$B/%.o) $(SERVER_OBJ) $B/ledger.a
	@echo '  LD  $@'
	$Q$(CC) $(LDFLAGS) $(FAULT_WRAPS:%=-Wl,--wrap=%) -o $@ $^ $(PKG_LIBS)

-include $(LEDGER_OBJ:.o=.d) $(LIB_OBJ:.o=.d) $(LIBRARY_SRC:%.c=$B/%.d) $(SERVER_OBJ:.o=.d) $(UNIT_BIN:%=%.d) $(FUZZ_BIN:%=%.d) $B/server/main.d $(BENCH_SRC:%.c=$B/%.d) $B/tests/bench/bare/server.d $(GENERATE_SRC:%.c=$B/%.d) $(FAULT_SRC:%.c=$B/%.d)

deps:
	@scripts/install-deps.sh

demo: deps
	@$(MAKE) --no-print-directory -j2 all
	@TALLYSTICK=$(BIN) scripts/demo.sh

run: deps
	@$(MAKE) --no-print-directory -j2 all
	@TALLYSTICK=$(BIN) PORT=$(PORT) scripts/demo.sh --serve

check: deps
	@$(MAKE) --no-print-directory -j2 all
	@$(MAKE) --no-print-directory check-all

check-all: check-layers check-language check-unit check-api check-model

check-unit:
	@$(MAKE) --no-print-directory -j2 $(UNIT_BIN)
	@scripts/run-unit-tests.sh $(UNIT_BIN)

check-api: $(BIN)
	@TALLYSTICK=$(abspath $(BIN)) $(PYTHON) -m pytest -q -p no:cacheprovider -n $(STORIES) --dist loadfile tests/api

check-model: $(BIN)
	@TALLYSTICK=$(abspath $(BIN)) $(PYTHON) -m pytest -q -p no:cacheprovider tests/model

# Dependencies point one way, and each foreign library has one home.
check-layers:
	@scripts/check-layers.sh

# One build has both sanitizers, so both names mean it.
asan ubsan:
	@$(MAKE) --no-print-directory MODE=asan -j2 all
	@ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1 \
	 $(MAKE) --no-print-directory MODE=asan check-unit fuzz-replay check-api check-model

tsan:
	@$(MAKE) --no-print-directory MODE=tsan -j2 all
	@TSAN_OPTIONS=halt_on_error=1 \
	 $(MAKE) --no-print-directory MODE=tsan check-unit check-api

# Every message and every description has its Chinese, which fits its format.
.PHONY: check-language
check-language:
	@PYTHON=$(PYTHON) scripts/language.sh check

lint:
	@scripts/lint.sh

# With Spectral, where npm can fetch it.
lint-openapi:
	@scripts/lint-openapi.sh

format:
	clang-format -i $(shell git ls-files '*.c' '*.h')

# The unit tests and the corpora under memcheck, which sees reads of what was never written.
valgrind:
	@$(MAKE) --no-print-directory -j2 $(UNIT_BIN) $(FUZZ_BIN)
	@UNDER='valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite' scripts/run-unit-tests.sh $(UNIT_BIN)
	@UNDER='valgrind -q --error-exitcode=9' scripts/fuzz.sh replay $(FUZZ_BIN)

# The corpora, once through every target.
fuzz-replay:
	@$(MAKE) --no-print-directory -j2 $(FUZZ_BIN)
	@scripts/fuzz.sh replay $(FUZZ_BIN)

# A search with libFuzzer (clang): FUZZ_RUNS executions of each target, or of those in FUZZ_TARGETS.
FUZZ_RUNS    ?= 100000
FUZZ_TARGETS ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(FUZZ_SRC))
fuzz:
	@$(MAKE) --no-print-directory MODE=fuzz CC="$(FUZZ_CC)" -j2 $(FUZZ_TARGETS:%=build/fuzz/tests/fuzz/fuzz_%)
	@scripts/fuzz.sh search $(FUZZ_RUNS) $(FUZZ_TARGETS:%=build/fuzz/tests/fuzz/fuzz_%)
FUZZ_CC ?= clang

# All tests with counters of what runs; most of an hour. COVERAGE="check-unit fault": only these.
coverage:
	@MAKE="$(MAKE)" PYTHON=$(PYTHON) scripts/coverage.sh $(COVERAGE)

# Every kind of command through every kind of fault. FAULTS says how dense: "--every 1" is each call of every command.
FAULTS ?= --every 41
fault: $B/faults
	@$B/faults --self-test --command CONFIRM
	@$B/faults $(FAULTS)

bench: all $B/bench $B/bare $B/bench-syncs.so $B/generate
	@TALLYSTICK=$(BIN) scripts/bench.sh $B/bench

# What operations cost in small and in large registries: FLAT='DIR --sizes 10000,1000000'.
.PHONY: flat
flat: all $B/bench $B/bare $B/bench-syncs.so $B/generate
	@BUILD=$(abspath $B) $(PYTHON) tests/bench/flat.py $(FLAT)

# tests/load: bursts, overload, idle and slow connections. Before a release: BURSTS=300 IDLE=10000 SLOW=1000.
.PHONY: abuse soak
BURSTS ?= 5
IDLE   ?= 1000
SLOW   ?= 100
abuse: $(BIN) $B/crowd $B/slow_disk.so
	@TALLYSTICK=$(abspath $(BIN)) TALLYSTICK_CROWD=$(abspath $B/crowd) TALLYSTICK_SLOW_DISK=$(abspath $B/slow_disk.so) \
	 TALLYSTICK_BURSTS=$(BURSTS) TALLYSTICK_IDLE=$(IDLE) TALLYSTICK_SLOW=$(SLOW) \
	 $(PYTHON) -m pytest -q -s -p no:cacheprovider tests/load

# A mixed load for so long, and whether memory, descriptors and threads stay flat, with caches small enough to be full before.
MINUTES ?= 30
soak:
	@$(MAKE) --no-print-directory B=build/soak CFLAGS=-DLG_CACHE_DIVISOR=64 build/soak/tallystick
	@TALLYSTICK=$(abspath build/soak/tallystick) $(PYTHON) tests/load/soak.py $(MINUTES) $(SOAK_OPTIONS)

$B/crowd: tests/load/crowd.c
	@mkdir -p $(@D)
	@echo '  LD  $@'
	$Q$(CC) -std=gnu17 -D_GNU_SOURCE -O2 -g $(WARNINGS) $(WERROR) -o $@ $<

$B/slow_disk.so: tests/load/slow_disk.c
	@mkdir -p $(@D)
	@echo '  LD  $@'
	$Q$(CC) -std=gnu17 -D_GNU_SOURCE -O2 -g $(WARNINGS) $(WERROR) -shared -fPIC -o $@ $<

# tests/crash: the server killed at every kind of moment; the power gone, as a recorded run may leave its disk and as snapshots of
# a mounted image show it. Before a release CYCLES=1000 STATES=1000 SNAPSHOTS=200. SEED=N repeats a run.
.PHONY: crash power image crash-harness
CYCLES    ?= 30
STATES    ?= 30
SNAPSHOTS ?= 10
CRASH_RUN  = TALLYSTICK=$(abspath $(BIN)) $(PYTHON) tests/crash
HOLDBACK  := $B/tests/crash/holdback.so
RECORDER  := $B/tests/crash/recorder.so
crash: $(BIN)
	@$(CRASH_RUN)/kill.py --cycles $(CYCLES) $(if $(SEED),--seed $(SEED))

power: $(BIN) $(RECORDER)
	@$(CRASH_RUN)/power.py --recorder $(RECORDER) --states $(STATES) $(if $(SEED),--seed $(SEED))

image: $(BIN)
	@$(CRASH_RUN)/image.py --snapshots $(SNAPSHOTS) $(if $(SEED),--seed $(SEED))

# That the three notice when durability is taken away.
crash-harness: $(BIN) $(HOLDBACK) $(RECORDER)
	@for what in wal head; do HOLDBACK=$$what $(CRASH_RUN)/kill.py --preload $(HOLDBACK) --expect-loss || exit 1; done
	@for what in all ledger.db-wal /ledger.db /head folders; do \
	    $(CRASH_RUN)/power.py --recorder $(RECORDER) --ignore $$what --expect-loss || exit 1; done
	@$(CRASH_RUN)/image.py --preload $(RECORDER) --expect-loss

$B/tests/crash/%.so: tests/crash/%.c
	@mkdir -p $(@D)
	@echo '  LD  $@'
	$Q$(CC) -std=gnu17 -D_GNU_SOURCE -O2 -g $(WARNINGS) $(WERROR) -shared -fPIC -o $@ $<

SHARE = $(DESTDIR)$(PREFIX)/share

# The libraries go to LIBDIR, which packagers of Debian set to its multiarch folder.
install: all
	install -Dm755 $(BIN) $(DESTDIR)$(PREFIX)/bin/tallystick
	@mkdir -p $B/share
	$(BIN) help --man 1 >$B/share/tallystick.1
	$(BIN) help --man 5 >$B/share/tallystick-server.json.5
	for shell in bash zsh fish; do $(BIN) help --completion $$shell >$B/share/completion.$$shell || exit 1; done
	install -Dm644 -t $(SHARE)/man/man1 $B/share/tallystick.1
	install -Dm644 -t $(SHARE)/man/man5 $B/share/tallystick-server.json.5
	install -Dm644 $B/share/completion.bash $(SHARE)/bash-completion/completions/tallystick
	install -Dm644 $B/share/completion.zsh $(SHARE)/zsh/vendor-completions/_tallystick
	install -Dm644 $B/share/completion.fish $(SHARE)/fish/vendor_completions.d/tallystick.fish
	install -Dm644 -t $(SHARE)/doc/tallystick README.md schema/openapi.json
	cp -R examples $(SHARE)/doc/tallystick/
	find $(SHARE)/doc/tallystick/examples -name .gitignore -delete
	rm -rf $(SHARE)/doc/tallystick/examples/clients/node/node_modules $(SHARE)/doc/tallystick/examples/clients/c/first-claim
	install -Dm644 $B/lib/$(SONAME) $(DESTDIR)$(LIBDIR)/libtallystick.so.$(VERSION)
	ln -sf libtallystick.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libtallystick.so
	install -Dm644 $B/lib/libtallystick.a $(DESTDIR)$(LIBDIR)/libtallystick.a
	install -Dm644 server/library/tallystick.h $(DESTDIR)$(PREFIX)/include/tallystick.h
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' -e 's|@REQUIRES@|$(LIB_PACKAGES)|' \
	    server/library/tallystick.pc.in >$(DESTDIR)$(LIBDIR)/pkgconfig/tallystick.pc
	chmod 644 $(DESTDIR)$(LIBDIR)/pkgconfig/tallystick.pc

# A Debian package of this tree, in build/deb.
deb:
	@scripts/install-deps.sh --deb
	@scripts/make-deb.sh

# What the program is made of (CycloneDX).
sbom: $(BIN)
	@$(PYTHON) scripts/sbom.py $(BIN) >$B/tallystick.cdx.json
	@echo "$B/tallystick.cdx.json"

# Builds twice, elsewhere and otherwise, and compares.
reproducible: deps
	@scripts/check-reproducible.sh

clean:
	rm -rf build

help:
	@sed -n 's/^#  *//p' Makefile | head -5
	@echo 'targets: all demo run check check-unit check-api check-model check-layers asan ubsan tsan lint lint-openapi format coverage bench crash power image crash-harness install deb sbom reproducible clean help'
