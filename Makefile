# A thin front for developers; meson.build is the build.
BUILD ?= build

.PHONY: all check lint format settings bench fuzz clean install

all: $(BUILD)/build.ninja
	meson compile -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD) --buildtype=release

check:
	./test.sh

lint:
	./scripts/lint

format:
	git ls-files '*.c' '*.h' | xargs clang-format -i

# After a change of the table of settings: what is made from it.
settings: all
	./deploy/settings $(BUILD)/src/jigate

bench: all
	./tests/bench/run $(BUILD)

fuzz:
	./tests/fuzz/run

install: all
	meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf build build-asan build-fuzz
