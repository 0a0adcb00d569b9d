# A thin front for developers; meson.build is the build.
BUILD ?= build
SANITIZE ?= address,undefined

.PHONY: all check lint format bench fuzz clean install

all: $(BUILD)/build.ninja
	meson compile -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD) --buildtype=release

build-asan/build.ninja:
	meson setup build-asan --buildtype=debugoptimized \
		-Db_sanitize=$(SANITIZE) -Dwerror=true

check:
	./test.sh

lint:
	./scripts/lint

format:
	git ls-files '*.c' '*.h' | xargs clang-format -i

bench: all
	./tests/bench/run $(BUILD)

fuzz:
	./tests/fuzz/run

install: all
	meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf build build-asan build-fuzz
