# maip: event streams through Unix pipes
#
#   make            build the tools into build/plain
#   make demo       install what is missing, build, and watch the whole thing work
#   make check      install what is missing, build, and test; TEST=window for one part
#   make bench      ratios against other tools, measured within one run
#   make install    DESTDIR= PREFIX=/usr/local
#
# SAN=address,undefined or SAN=thread builds beside the plain build, into build/$(SAN).

VERSION := 0.1.0
PREFIX  ?= /usr/local
TOOLS   := maip-consume maip-window maip-cep maip-produce maip-jobctl
JOBS    := stream-processor anomaly-detector
LAYERS  := base json sql stream window cep state kafka job      # each may use those to its left
B       := build/$(or $(SAN),plain)

# What the product links, by pkg-config name; and the Debian packages that bring it and the tests' tools.
LIBS        := rdkafka libcjson libpcre2-8 libxxhash libcurl libcrypto
BUILD_DEBS  := gcc libc6-dev make pkg-config librdkafka-dev libcjson-dev libpcre2-dev libxxhash-dev libcurl4-openssl-dev libssl-dev libmimalloc-dev
CHECK_DEBS  := $(BUILD_DEBS) bats bats-assert bats-support libcmocka-dev mandoc jq python3 procps kcat tzdata

# ---- flags: those of the OpenSSF hardening guide that this compiler knows

try = $(shell echo 'int main(void){return 0;}' | $(CC) -Werror $(1) -x c -o /dev/null - 2>/dev/null && echo '$(1)')
WARN   := -Wall -Wextra -Wformat=2 -Wconversion -Wimplicit-fallthrough -Werror=format-security \
          -Wstrict-prototypes -Wmissing-prototypes $(if $(WERROR),-Werror)
HARDEN := $(call try,-fstack-clash-protection) $(call try,-fstack-protector-strong) $(call try,-fcf-protection=full) \
          $(call try,-fstrict-flex-arrays=3) -fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing \
          $(call try,-ftrivial-auto-var-init=zero)
HARDEN_LD := -pie -Wl,-z,noexecstack -Wl,-z,relro -Wl,-z,now -Wl,--as-needed -Wl,-z,nodlopen

CFLAGS  ?= -O2 -g
override CFLAGS   += -std=c11 -fPIE -pthread $(WARN) $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all,$(HARDEN))
override CPPFLAGS += -D_POSIX_C_SOURCE=200809L -DMAIP_VERSION='"$(VERSION)"' -Ilib \
                     $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3) $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
override LDFLAGS  += $(HARDEN_LD) $(if $(SAN),-fsanitize=$(SAN))
LDLIBS  = $(shell pkg-config --libs $(LIBS)) -lm

# ---- build; V=1 shows the commands

say = $(if $(V),,@echo '  $(1) $(2)';)

OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard $(LAYERS:%=lib/%/*.c)))

all: $(TOOLS:%=$(B)/%)

$(B)/libmaip.a: $(OBJECTS)
	@rm -f $@
	$(call say,AR,$@)$(AR) rcs $@ $^

# maip-consume frees, record by record, what other threads of librdkafka have allocated. mimalloc does
# that without a lock, and the whole run takes a quarter less CPU time. Sanitizers bring a malloc of
# their own. (Debian's package has no pkg-config file.)
maip-consume-libs := $(if $(SAN),,-lmimalloc)

# A tool is cmd/TOOL.c, or the files of the folder cmd/TOOL.
tool-objects = $(patsubst %.c,$(B)/%.o,$(wildcard cmd/$(1).c cmd/$(1)/*.c))
define tool-rule
$(B)/$(1): $$(call tool-objects,$(1)) $(B)/libmaip.a
	$$(call say,LD,$$@)$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$($(1)-libs) $$(LDLIBS)
endef
$(foreach t,$(TOOLS),$(eval $(call tool-rule,$(t))))

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) -MD -MP -c -o $@ $<

# ---- tests and benchmarks: a program a file

UNITS   := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/*_test.c))
FUZZ    := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/*.c))
PROGRAMS := $(patsubst tests/programs/%.c,$(B)/programs/%,$(wildcard tests/programs/*.c))       # used by shell tests
BENCHES := $(patsubst tests/bench/%.c,$(B)/bench/%,$(wildcard tests/bench/*.c))
SUPPORT := $(B)/libsupport.a

$(SUPPORT): $(patsubst %.c,$(B)/%.o,$(wildcard tests/support/*.c))
	@rm -f $@
	$(call say,AR,$@)$(AR) rcs $@ $^
$(B)/tests/%: $(B)/tests/unit/%.o $(SUPPORT) $(B)/libmaip.a
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka
$(B)/fuzz/%: $(B)/tests/fuzz/%.o $(SUPPORT) $(B)/libmaip.a
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(B)/programs/%: $(B)/tests/programs/%.o $(SUPPORT) $(B)/libmaip.a
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(B)/bench/%: $(B)/tests/bench/%.o $(SUPPORT) $(B)/libmaip.a
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(B)/tests/unit/%.o $(B)/tests/support/%.o $(B)/tests/fuzz/%.o $(B)/tests/programs/%.o $(B)/tests/bench/%.o: override CPPFLAGS += -Itests/support

test-programs: $(UNITS) $(FUZZ) $(PROGRAMS)

check: check-deps
	@$(MAKE) --no-print-directory WERROR=1 all test-programs
	@MAIP_BIN="$(CURDIR)/$(B)" tests/run $(TEST)

demo: build-deps
	@$(MAKE) --no-print-directory all $(B)/programs/gen-orders
	@MAIP_BIN="$(CURDIR)/$(B)" tests/demo/demo

bench: check-deps
	@$(MAKE) --no-print-directory all $(BENCHES) $(PROGRAMS)
	@MAIP_BIN="$(CURDIR)/$(B)" tests/bench/bench $(BENCH)

# The generated part of a man page or completion, from the option table of the tool.
docs: all
	@MAIP_BIN="$(CURDIR)/$(B)" tests/docs --update

# ---- what has to be installed: one apt-get call, as root or through sudo, else the line to run

define need-debs
@missing=$$(for p in $(1); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
[ -z "$$missing" ] && exit 0; \
install="apt-get install -y --no-install-recommends $$(echo $$missing)"; \
if [ "$$(id -u)" = 0 ]; then sudo=; elif sudo -n true 2>/dev/null; then sudo=sudo; \
else echo "missing packages; run:  sudo $$install"; exit 1; fi; \
echo "$$sudo $$install"; \
$$sudo env DEBIAN_FRONTEND=noninteractive $$install >build-deps.log 2>&1 || \
  { $$sudo apt-get update >>build-deps.log 2>&1 && $$sudo env DEBIAN_FRONTEND=noninteractive $$install >>build-deps.log 2>&1; } || \
  { tail -n 20 build-deps.log; exit 1; }; rm -f build-deps.log
endef

build-deps:
	$(call need-debs,$(BUILD_DEBS))
check-deps:
	$(call need-debs,$(CHECK_DEBS))

# ---- install

root    = $(DESTDIR)$(PREFIX)
bindir  = $(root)/bin
mandir  = $(root)/share/man
jobsdir = $(root)/libexec/maip/jobs
bashdir = $(root)/share/bash-completion/completions
zshdir  = $(root)/share/zsh/site-functions
fishdir = $(root)/share/fish/vendor_completions.d
FOLDERS := bin share/man/man1 share/man/man5 share/man/man7 libexec/maip/jobs share/bash-completion/completions \
           share/zsh/site-functions share/fish/vendor_completions.d

install: all
	install -d $(FOLDERS:%="$(root)/%")
	install $(TOOLS:%=$(B)/%) "$(bindir)"
	install $(JOBS:%=cmd/jobs/%) "$(jobsdir)"
	set -e; for n in 1 5 7; do for f in man/*.$$n; do [ ! -e $$f ] || install -m 644 $$f "$(mandir)/man$$n"; done; done
	set -e; for t in $(TOOLS); do install -m 644 completions/$$t.bash "$(bashdir)/$$t"; \
	  install -m 644 completions/$$t.zsh "$(zshdir)/_$$t"; install -m 644 completions/$$t.fish "$(fishdir)"; done

# Folders that are empty then go as well, up to the prefix, or to DESTDIR; not those that every system has.
# Nothing records who made them, and an empty one is soon made again.
uninstall:
	rm -f $(TOOLS:%="$(bindir)/%") $(JOBS:%="$(jobsdir)/%") \
	  $(foreach n,1 5 7,$(patsubst man/%,"$(mandir)/man$n/%",$(wildcard man/*.$n))) \
	  $(TOOLS:%="$(bashdir)/%") $(TOOLS:%="$(zshdir)/_%") $(TOOLS:%="$(fishdir)/%.fish")
	@for d in $(FOLDERS:%="$(root)/%"); do \
	  while [ "$$d" != "$(or $(DESTDIR),$(PREFIX))" ]; do \
	    case $$d in /usr/bin | /usr/share | /usr/share/man | /usr/libexec) break ;; \
	      /usr/local/bin | /usr/local/share | /usr/local/share/man) break ;; esac; \
	    rmdir "$$d" 2>/dev/null || break; \
	    d=$${d%/*}; \
	  done; \
	done

dist:
	git archive --prefix=maip-$(VERSION)/ -o maip-$(VERSION).tar.gz HEAD

clean:
	rm -rf build build-deps.log maip-*.tar.gz

.PHONY: all check demo bench docs test-programs build-deps check-deps install uninstall dist clean
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
