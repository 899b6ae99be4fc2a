# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.

.PHONY: demo test check setup setup-tests bench cost page check-page clean
.DEFAULT_GOAL := help

help:
	@echo "make demo   set up, build, and run a whole campaign over a local web of sites"
	@echo "make test   set up, and run every check and test"
	@echo "make bench  recognition beside other tools: fetches media, takes hours"
	@echo "make cost   measure what a campaign costs"
	@echo "make page   build the page that checks packages in a browser, without a server: target/verify.html"

# What the campaign needs beside the program; tests open pages in a browser, too.
setup:
	@scripts/setup.sh ffmpeg openssl

setup-tests:
	@scripts/setup.sh ffmpeg openssl chromium

demo: setup
	cargo build --release --locked --package swordnet
	@scripts/demo.sh

check: setup-tests
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

test: check
	cargo test --workspace --locked

bench: setup
	@scripts/setup.sh git npm sox:sox,libsox-fmt-all fpcalc:libchromaprint-tools dsda-doom freedoom1:freedoom
	@python3 -c 'import ensurepip' 2>/dev/null || scripts/setup.sh venv:python3-venv
	cargo build --release --locked --package swordnet
	@bench/all.sh target/release/swordnet

cost: setup
	cargo build --release --locked --package swordnet
	@scripts/cost.sh

page:
	rustup target add wasm32-wasip1
	@mkdir -p target
	crates/evidence/page/build target/verify.html

# Needs chromium.
check-page: page
	crates/evidence/page/check target/verify.html

clean:
	cargo clean
	rm -rf swordnet-demo
