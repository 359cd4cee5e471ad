//! A small Moodle per test, and what a snapshot says of it.

use std::path::{Path, PathBuf};

use alx_report_api::config::{Prefix, Secret};
use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::error::Result;
use alx_report_api::ids::{CompanyId, CourseId, Key, UserId};
use alx_report_api::moodle::{Facts, Moodle, RowState, Scope, Shape, Snapshot};
use tempfile::TempDir;

/// When everything in these Moodles was, unless a test says otherwise.
pub const PAST: i64 = 1_700_000_000;

/// A Moodle with one company, `ada` in it, enrolled in its one course of four activities.
pub struct SmallMoodle {
    /// For further changes.
    pub moodle: MoodleBuilder,
    /// The company.
    pub acme: CompanyId,
    /// The learner.
    pub ada: UserId,
    /// The course.
    pub fire: CourseId,
    /// Its activities.
    pub activities: Vec<i64>,
    folder: TempDir,
}

impl SmallMoodle {
    /// A new one.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut moodle = MoodleBuilder::open(&file(folder.path())).expect("a new Moodle");
        let (acme, ada, fire, activities) = fill(&mut moodle).expect("a filled Moodle");
        Self {
            moodle,
            acme,
            ada,
            fire,
            activities,
            folder,
        }
    }

    /// Its database as the program opens it.
    pub fn source(&self) -> Moodle {
        open(&self.url(), "mdl_")
    }

    fn url(&self) -> String {
        format!("sqlite://{}", file(self.folder.path()).display())
    }

    /// The same with another table prefix.
    pub fn with_prefix(&self, prefix: &str) -> Moodle {
        open(&self.url(), prefix)
    }

    /// Any change, in SQL; `{acme}`, `{ada}` and `{fire}` are their ids.
    pub fn sql(&mut self, statements: &str) -> Result<()> {
        let filled = statements
            .replace("{acme}", &self.acme.to_string())
            .replace("{ada}", &self.ada.to_string())
            .replace("{fire}", &self.fire.to_string());
        self.moodle.execute(&filled)
    }

    /// A snapshot of it as it is now.
    pub fn snapshot(&self) -> Snapshot {
        self.source().snapshot().expect("a snapshot")
    }

    /// The keys and the facts of the company, which must name the same pairs.
    pub fn rows(&self) -> Vec<Facts> {
        self.shaped(&Shape::default())
    }

    /// The same by a company's settings.
    pub fn shaped(&self, shape: &Shape) -> Vec<Facts> {
        let mut snapshot = self.snapshot();
        let rows: Result<Vec<Facts>> = snapshot
            .facts(self.acme, shape, &Scope::Everything)
            .expect("a stream")
            .collect();
        let rows = rows.expect("every row");
        let keys: Result<Vec<Key>> = snapshot.keys(self.acme, shape).expect("keys").collect();
        assert_eq!(
            keys.expect("every key"),
            rows.iter().map(|row| row.key).collect::<Vec<_>>(),
            "keys and facts name the same pairs"
        );
        rows
    }

    /// Where the row of `ada` in the course stands.
    pub fn state(&self, shape: &Shape) -> RowState {
        let explained = self
            .snapshot()
            .departures(self.acme, shape, &[self.key()])
            .expect("an explanation");
        assert_eq!(explained.len(), 1);
        explained[0].1
    }

    /// The one row of the company.
    pub fn row(&self) -> Facts {
        let mut rows = self.rows();
        assert_eq!(rows.len(), 1, "one row: {rows:?}");
        rows.remove(0)
    }

    /// The key of `ada` in the course.
    pub fn key(&self) -> Key {
        Key {
            user: self.ada,
            course: self.fire,
        }
    }
}

fn fill(moodle: &mut MoodleBuilder) -> Result<(CompanyId, UserId, CourseId, Vec<i64>)> {
    let acme = moodle.company("Acme")?;
    let fire = moodle.course("Fire safety")?;
    let activities = moodle.activities(fire, 4)?;
    moodle.give_course(acme, fire)?;
    let ada = moodle.user("Ada", "Byron")?;
    moodle.member(acme, ada)?;
    moodle.enrol(ada, fire, PAST)?;
    Ok((acme, ada, fire, activities))
}

fn file(folder: &Path) -> PathBuf {
    folder.join("moodle.db")
}

/// A Moodle at an address.
pub fn open(url: &str, prefix: &str) -> Moodle {
    let mut config = super::config(&std::env::temp_dir());
    config.moodle_prefix = prefix.parse::<Prefix>().expect("a safe prefix");
    Moodle::new(&Secret::from(url), &config).expect("an address of a database")
}

/// Every active pair of a company.
pub fn facts(snapshot: &mut Snapshot, company: CompanyId) -> Vec<Facts> {
    let facts: Result<Vec<Facts>> = snapshot
        .facts(company, &Shape::default(), &Scope::Everything)
        .expect("a stream")
        .collect();
    facts.expect("every row")
}
