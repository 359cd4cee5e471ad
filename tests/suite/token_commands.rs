//! Tokens on the command line.

use std::path::Path;
use std::process::{Command, Output};

use alx_report_api::companies;
use alx_report_api::db::Db;
use alx_report_api::ids::CompanyId;
use alx_report_api::moodle::MoodleCompany;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let moodle = format!("sqlite://{}", folder.join("moodle.db").display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_alx-report-api"));
    command.env_clear().arg("--data-dir").arg(folder);
    command.args(["--moodle-url", &moodle]).args(arguments);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// A store that knows one company.
fn store(folder: &Path) {
    crate::support::client::two_companies(&folder.join("moodle.db"));
    assert!(run(folder, &["migrate"]).status.success());
    let url = format!("sqlite://{}", folder.join("alx.db").display());
    let db = Db::open(&url.as_str().into()).unwrap();
    let acme = MoodleCompany {
        id: CompanyId(42),
        name: "Acme".into(),
        shortname: "acme".into(),
        suspended: false,
    };
    companies::store::keep(&db, &[acme]).unwrap();
}

#[test]
fn a_token_is_made_for_a_purpose_listed_and_rotated() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let create = [
        "token",
        "create",
        "--company",
        "42",
        "--name",
        "bi",
        "--scopes",
        "read",
        "--fields",
        "status,userid",
        "--networks",
        "10.0.0.0/8",
    ];

    let made = said(&run(folder.path(), &create));
    let rotated = said(&run(
        folder.path(),
        &[
            "token",
            "rotate",
            "--company",
            "42",
            "--id",
            "1",
            "--overlap-hours",
            "2",
        ],
    ));
    let list = said(&run(folder.path(), &["token", "list", "--company", "42"]));

    let text = made.lines().last().unwrap();
    let new = rotated.lines().last().unwrap();
    assert!(text.starts_with("alx_") && new.starts_with("alx_") && text != new);
    assert!(
        rotated.contains("token 2 takes the place of 1, which opens until 20"),
        "{rotated}"
    );
    let lines: Vec<Vec<&str>> = list
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!(lines[0][..5], ["ID", "NAME", "BEGINS", "MAY", "FIELDS"]);
    assert_eq!(lines[1][..2], ["2", "bi"]);
    assert_eq!(
        lines[1][3..8],
        ["read", "userid status", "10.0.0.0/8", "usable", "never"]
    );
    assert_eq!(lines[1][9], "1");
    assert!(lines[2][6].starts_with("usable, days left: 0"), "{list}");
    assert!(lines.iter().all(|line| line.len() == 10), "{list}");
}

#[test]
fn what_a_token_cannot_be_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let create = |more: &[&str]| {
        let base = ["token", "create", "--company", "42", "--name", "bi"];
        let output = run(folder.path(), &[&base[..], more].concat());
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };

    for (more, said) in [
        (["--fields", "status,courseid"], "\"courseid\" is no field"),
        (["--fields", ""], "name at least one field"),
        (
            ["--networks", "10.0.0.0/8,10.0.0.0/33"],
            "“10.0.0.0/33” is no address",
        ),
        (["--networks", " "], "name at least one address"),
    ] {
        let (code, text) = create(&more);
        assert!(code == Some(2) && text.contains(said), "{text}");
    }
    assert_eq!(create(&[]).0, Some(0));
    let (code, text) = create(&[]);
    assert!(
        code == Some(1) && text.contains("a token of that name already"),
        "{text}"
    );
}
