# The front door: every target is a short way to meson, ninja and the scripts that do the work.
# `make help` lists the targets.
#
# One source tree, two builds (docs/design/0002): build/core holds the static programs in the path
# of `run`, build/host the image helper and the tests. What a person uses is put in build/bin/.

SHELL = /bin/bash
.SHELLFLAGS = -o pipefail -c
MAKEFLAGS += --no-print-directory
PREFIX ?= /usr/local
DESTDIR ?=
SUITES ?= all
VM_SUITES ?= systemd integration security root
VM_USER_SUITES ?= tests/systemd/user.bats tests/systemd/scope.bats
SECTIONS ?= build run test

# $(call build,KIND,DIR)
build = @build-aux/configure $1 $2 $(PREFIX) && ninja -C $2 --quiet | sed '/no work to do/d'

all: core host ## build the programs in build/bin/ and the image `base`
	@build-aux/collect build/bin build/core build/host
	@ln -f build/host/images/base/base.tar build/base.tar

core:
	$(call build,core,build/core)

host:
	$(call build,host,build/host)

test-programs:
	$(call build,tests,build/host)

run: ## install what is missing, build, run a container and look at one from outside
	@build-aux/install-packages build run
	@$(MAKE) all
	@build-aux/demonstrate build/bin/ambit

unit: test-programs ## unit and golden tests: no root, a few seconds
	@tests/run unit

check: ## install what tests need, build, run everything but the long tests
	@build-aux/install-packages build run test
	@$(MAKE) test-programs all
	@tests/run $(SUITES)

check-all: ## check and the long tests
	@build-aux/install-packages build run test
	@$(MAKE) test-programs all
	@tests/run --long $(SUITES)

check-peers: ## ambit-oci under its callers: podman, docker, containerd (tests/peers)
	@build-aux/install-packages build run test peers
	@$(MAKE) test-programs all
	@tests/run peers

# Not part of check: emulated, it takes hours. VM_SUITES="FILE..." VM_USER_SUITES="FILE..." run less.
check-vm: ## the suites on cgroup v2 with systemd as process 1, in a VM (tests/vm)
	@build-aux/install-packages build test vm
	@$(MAKE) test-programs all
	@status=0; tests/vm/check $(VM_SUITES) || status=1; \
		tests/vm/check --user $(VM_USER_SUITES) || status=1; exit $$status

lint: test-programs core ## layers, rails, banned functions, format, static analysis
	@tests/run lint

format: ## bring every C file into the one format
	@git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format -i

asan: asan-programs ## every test of code with address and undefined-behaviour sanitizers
	@tests/run asan

# ambit and ambit-oci with sanitizers. The other two stay what they are: ambit-init must be static to
# run in a container, and the sandbox of ambit-image (its code is in the root tests) bears no sanitizer.
asan-programs: all
	@build-aux/install-packages build test
	$(call build,asan,build/asan)
	@build-aux/collect build/asan/bin build/core build/host
	@ln -f build/asan/src/cmd/ambit build/asan/src/cmd/ambit-oci build/asan/bin/
	@ln -f build/base.tar build/asan/base.tar

fuzz: ## fuzz targets with clang's libFuzzer, in build/fuzz/tests/fuzz/ (tests/fuzz/README.md)
	@test -d build/fuzz || CC=clang meson setup build/fuzz -Dparts=fuzz -Db_lundef=false \
		-Dbuildtype=debugoptimized -Db_sanitize=address,undefined >/dev/null
	@ninja -C build/fuzz --quiet

bench: all ## start times against the floor and the peers that are installed
	@bench/bench

install: all ## into PREFIX (/usr/local), below DESTDIR
	@for b in core host; do DESTDIR=$(DESTDIR) meson install -C build/$$b --no-rebuild --quiet; done

uninstall: core host ## remove what install put there
	@build-aux/uninstall "$(DESTDIR)" build/core build/host

packages: ## install what building, running and testing needs (SECTIONS="build run test")
	@build-aux/install-packages $(SECTIONS)

clean: ## remove everything that was built
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

.PHONY: all core host test-programs run unit check check-all check-peers check-vm lint format asan asan-programs bench fuzz \
	install uninstall packages clean help
