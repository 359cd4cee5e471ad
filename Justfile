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
