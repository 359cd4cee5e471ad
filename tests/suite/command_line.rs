//! The command line: what it refuses, and the files it leaves behind.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alx-report-api"));
    command.env_clear().arg("--data-dir").arg(folder);
    command.args(arguments).output().unwrap()
}

#[test]
fn the_store_and_its_copy_are_for_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();

    assert!(run(folder.path(), &["migrate"]).status.success());
    assert!(run(folder.path(), &["backup"]).status.success());

    let copy = std::fs::read_dir(folder.path().join("backups")).unwrap();
    let copies = copy.map(|entry| entry.unwrap().path());
    let files = ["alx.db", "secret.key", "backups"].map(|name| folder.path().join(name));
    for file in files.into_iter().chain(copies) {
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} {mode:o}", file.display());
    }
}

#[test]
fn a_public_address_that_is_none_is_refused_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, said) in [
        (
            ["--public-url", "reports.example.com"],
            "ALX_PUBLIC_URL must be http:// or https:// and a host",
        ),
        (
            ["--listen", "0.0.0.0:0"],
            "ALX_LISTEN is 0.0.0.0:0, which other machines can reach: set ALX_PUBLIC_URL",
        ),
    ] {
        let output = run(folder.path(), &[&arguments[..], &["serve"]].concat());
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && text.contains(said), "{text}");
    }
}
