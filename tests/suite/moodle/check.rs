//! What an operator is told when something is wrong.

use alx_report_api::error::Error;
use alx_report_api::moodle::{Level, Moodle, Shape};

use crate::support::moodle::{SmallMoodle, open};

#[test]
fn nothing_can_be_written_into_moodle() {
    let small = SmallMoodle::new();
    let report = small.source().check();

    assert_eq!(report.level(), Level::Ok, "{report:?}");
    assert!(report.findings.iter().any(|finding| {
        finding
            .text
            .contains("Learners: 1. Rows (a learner in a course): 1.")
    }));
}

#[test]
fn an_unreachable_moodle_says_so() {
    for url in [
        "sqlite:///nowhere/moodle.db",
        "mysql://a:secret@127.0.0.1:1/x",
        "postgres://a:secret@127.0.0.1:1/x",
    ] {
        let moodle = open(url, "mdl_");

        let error = moodle.snapshot().err().expect("nobody answers there");
        let report = moodle.check();

        assert!(matches!(error, Error::MoodleUnavailable(_)), "{error}");
        assert!(!report.is_usable());
        assert!(!format!("{error:?} {report:?} {moodle:?}").contains("secret"));
    }
}

#[test]
fn a_wrong_prefix_and_a_missing_iomad_are_named() {
    let mut small = SmallMoodle::new();
    let told = |moodle: Moodle| {
        let report = moodle.check();
        assert!(!report.is_usable());
        report
            .findings
            .iter()
            .map(|finding| finding.text.as_str())
            .collect::<Vec<_>>()
            .join("\n")
    };

    let prefix = told(small.with_prefix("other_"));
    small.sql("drop table mdl_company_users").unwrap();
    let iomad = told(small.source());

    assert!(
        prefix.contains("Set ALX_MOODLE_PREFIX to \"mdl_\""),
        "{prefix}"
    );
    assert!(
        iomad.contains(
            "IOMAD is not installed in this Moodle, or not completely: no mdl_company_users."
        ),
        "{iomad}"
    );
    let error = small
        .snapshot()
        .keys(small.acme, &Shape::default())
        .err()
        .expect("there is no such table");
    assert!(matches!(error, Error::MoodleUnreadable(_)), "{error}");
}

#[test]
fn after_an_error_a_snapshot_answers_nothing_more() {
    let mut small = SmallMoodle::new();
    small.sql("drop table mdl_iomad_courses").unwrap();
    let mut snapshot = small.snapshot();

    let failed = snapshot.keys(small.acme, &Shape::default()).is_err();

    assert!(failed);
    assert!(matches!(
        snapshot.companies(),
        Err(Error::MoodleUnavailable(_))
    ));
}
