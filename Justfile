# What people do with this project. `just --list` shows it.

# Serve on http://127.0.0.1:8080 with the settings of the environment.
run *arguments:
    cargo run --release -- serve {{arguments}}

# Serve the made-up Moodle and print how to sign in.
demo *arguments:
    cargo run -- demo {{arguments}}

# All that CI runs.
check:
    bash .ci/run

# The figures of docs/figures.md, measured anew.
bench:
    bash benches/run

# A picture of every page in a folder, narrow and wide, light and dark; needs npm, chromium and chromedriver.
screenshots folder="target/screenshots":
    mkdir -p target/axe {{folder}}
    cp tests/axe/package.json tests/axe/package-lock.json target/axe
    npm ci --prefix target/axe --no-audit --no-fund
    ALX_TEST_BROWSER=1 ALX_TEST_AXE={{justfile_directory()}}/target/axe/node_modules/axe-core/axe.min.js \
        ALX_TEST_SCREENSHOTS={{folder}} cargo test --test suite axe
