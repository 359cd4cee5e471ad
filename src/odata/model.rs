//! The entity sets and their properties: the one list that metadata, filters, statements and documents follow.

use crate::fields::{Field, Fields};

crate::words! {
    /// What can be asked for.
    Set {
        /// Active rows: a person in a course.
        Progress = "Progress",
        /// Courses with active rows.
        Courses = "Courses",
        /// People with active rows.
        Users = "Users",
        /// Runs of syncs.
        SyncRuns = "SyncRuns",
    }
}

/// A property's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `Edm.Int64`.
    Int,
    /// `Edm.Double`.
    Double,
    /// `Edm.String`.
    Text,
    /// `Edm.DateTimeOffset`, stored as UTC seconds.
    Time,
    /// `Edm.Boolean`.
    Bool,
}

impl Kind {
    /// Its name in metadata.
    pub fn edm(self) -> &'static str {
        match self {
            Self::Int => "Edm.Int64",
            Self::Double => "Edm.Double",
            Self::Text => "Edm.String",
            Self::Time => "Edm.DateTimeOffset",
            Self::Bool => "Edm.Boolean",
        }
    }
}

/// A value of a property.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    /// There is none, or the reader may not see it.
    Null,
    /// A number.
    Int(i64),
    /// A percentage.
    Double(f64),
    /// A text.
    Text(String),
    /// UTC seconds.
    Time(i64),
    /// Yes or no.
    Bool(bool),
}

/// One property of an entity.
#[derive(Debug, PartialEq)]
pub struct Property {
    /// Its name on the wire.
    pub name: &'static str,
    /// Its column in the set's source.
    pub column: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether the column can be null.
    pub nullable: bool,
    /// The fields of which one must show for it to show; empty means it always does.
    pub fields: &'static [Field],
}

impl Property {
    /// Whether a reader of these fields sees it.
    pub fn shows(&self, fields: Fields) -> bool {
        self.fields.is_empty() || self.fields.iter().any(|field| fields.has(*field))
    }
}

const fn always(name: &'static str, column: &'static str, kind: Kind) -> Property {
    Property {
        name,
        column,
        kind,
        nullable: false,
        fields: &[],
    }
}

const fn maybe(name: &'static str, column: &'static str, kind: Kind) -> Property {
    Property {
        nullable: true,
        ..always(name, column, kind)
    }
}

const fn shown(
    name: &'static str,
    column: &'static str,
    kind: Kind,
    fields: &'static [Field],
) -> Property {
    Property {
        fields,
        ..always(name, column, kind)
    }
}

const USER_ID: Property = always("UserId", "user_id", Kind::Int);
const COURSE_ID: Property = always("CourseId", "course_id", Kind::Int);
const FIRST_NAME: Property = shown("FirstName", "firstname", Kind::Text, &[Field::FirstName]);
const LAST_NAME: Property = shown("LastName", "lastname", Kind::Text, &[Field::LastName]);
const EMAIL: Property = shown("Email", "email", Kind::Text, &[Field::Email]);
const USERNAME: Property = shown("Username", "username", Kind::Text, &[Field::Username]);
const COURSE_NAME: Property = shown("CourseName", "coursename", Kind::Text, &[Field::CourseName]);

const PROGRESS: &[Property] = &[
    USER_ID,
    FIRST_NAME,
    LAST_NAME,
    EMAIL,
    USERNAME,
    COURSE_ID,
    COURSE_NAME,
    shown("Status", "status", Kind::Text, &[Field::Status]),
    Property {
        nullable: true,
        ..shown(
            "Percentage",
            "percentage",
            Kind::Double,
            &[Field::Percentage],
        )
    },
    Property {
        nullable: true,
        ..shown(
            "TimeCompleted",
            "timecompleted",
            Kind::Time,
            &[Field::TimeCompleted, Field::TimeCompletedUnix],
        )
    },
    Property {
        nullable: true,
        ..shown(
            "TimeStarted",
            "timestarted",
            Kind::Time,
            &[Field::TimeStarted, Field::TimeStartedUnix],
        )
    },
    maybe("EnrolledAt", "enrolled_at", Kind::Time),
    always("ChangedAt", "changed_at", Kind::Time),
    always("State", "state", Kind::Text),
];

const COURSES: &[Property] = &[COURSE_ID, COURSE_NAME];

const USERS: &[Property] = &[USER_ID, FIRST_NAME, LAST_NAME, EMAIL, USERNAME];

const SYNC_RUNS: &[Property] = &[
    always("Id", "id", Kind::Text),
    always("Mode", "mode", Kind::Text),
    always("Trigger", "\"trigger\"", Kind::Text),
    always("State", "state", Kind::Text),
    always("DryRun", "dry_run", Kind::Bool),
    always("RequestedAt", "requested_at", Kind::Time),
    maybe("StartedAt", "started_at", Kind::Time),
    maybe("FinishedAt", "finished_at", Kind::Time),
    maybe("SnapshotAt", "snapshot_at", Kind::Time),
    maybe("Success", "success", Kind::Bool),
    maybe("TotalProcessed", "processed", Kind::Int),
    maybe("RecordsCreated", "created", Kind::Int),
    maybe("RecordsUpdated", "updated", Kind::Int),
    maybe("RecordsDeleted", "deleted", Kind::Int),
    maybe("RecordsUnchanged", "unchanged", Kind::Int),
    maybe("CacheCleared", "cache_cleared", Kind::Int),
    maybe("DurationSeconds", "duration_seconds", Kind::Int),
    maybe("Errors", "said_wrong", Kind::Text),
    maybe("VersionBefore", "version_before", Kind::Int),
    maybe("VersionAfter", "version_after", Kind::Int),
];

impl Set {
    /// The name of the type of its entities.
    pub fn entity(self) -> &'static str {
        match self {
            Self::Progress => "ProgressRow",
            Self::Courses => "Course",
            Self::Users => "User",
            Self::SyncRuns => "SyncRun",
        }
    }

    /// Its properties, in the order of every document.
    pub fn properties(self) -> &'static [Property] {
        match self {
            Self::Progress => PROGRESS,
            Self::Courses => COURSES,
            Self::Users => USERS,
            Self::SyncRuns => SYNC_RUNS,
        }
    }

    /// The names of the properties that tell entities apart.
    pub fn key(self) -> &'static [&'static str] {
        match self {
            Self::Progress => &["UserId", "CourseId"],
            Self::Courses => &["CourseId"],
            Self::Users => &["UserId"],
            Self::SyncRuns => &["Id"],
        }
    }

    /// A property by its name, with its place.
    pub fn property(self, name: &str) -> Option<(usize, &'static Property)> {
        let mut all = self.properties().iter().enumerate();
        all.find(|(_, property)| property.name == name)
    }

    /// The places of the key's properties.
    pub fn key_places(self) -> impl Iterator<Item = usize> {
        let names = self.key().iter();
        names.filter_map(move |name| self.property(name).map(|(place, _)| place))
    }
}
