//! Ids as their own types, so that a user can never stand where a course belongs.

use std::fmt;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{BigInt, Text};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How an id is stored and shown: as what it holds.
macro_rules! stored_as {
    ($name:ident, $inner:ty, $sql:ty) => {
        impl<DB: Backend> ToSql<$sql, DB> for $name
        where
            $inner: ToSql<$sql, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                self.0.to_sql(out)
            }
        }

        impl<DB: Backend> FromSql<$sql, DB> for $name
        where
            $inner: FromSql<$sql, DB>,
        {
            fn from_sql(raw: DB::RawValue<'_>) -> deserialize::Result<Self> {
                <$inner>::from_sql(raw).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }
    };
}

macro_rules! number_id {
    ($name:ident, $what:literal) => {
        #[doc = $what]
        #[derive(
            Debug,
            Clone,
            Copy,
            PartialEq,
            Eq,
            PartialOrd,
            Ord,
            Hash,
            Serialize,
            Deserialize,
            AsExpression,
            FromSqlRow,
        )]
        #[diesel(sql_type = BigInt)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        stored_as!($name, i64, BigInt);

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

number_id!(CompanyId, "A company, by IOMAD's own id (`company.id`).");
number_id!(UserId, "A person, by Moodle's own id (`user.id`).");
number_id!(CourseId, "A course, by Moodle's own id (`course.id`).");
number_id!(AdminId, "Somebody who signs in to the dashboard.");
number_id!(TokenId, "An API token.");
number_id!(ViewId, "A saved view of an admin.");
number_id!(AlertId, "An alert.");
number_id!(DeliveryId, "A message about an alert to one recipient.");

/// A user in a course of one company; ordered as every list of rows is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The person.
    pub user: UserId,
    /// The course.
    pub course: CourseId,
}

macro_rules! text_id {
    ($name:ident, $what:literal) => {
        #[doc = $what]
        #[derive(
            Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, AsExpression, FromSqlRow,
        )]
        #[diesel(sql_type = Text)]
        #[serde(transparent)]
        pub struct $name(pub String);

        stored_as!($name, String, Text);
    };
}

text_id!(
    RunId,
    "A sync run: 32 hex digits made of the company and its idempotency key."
);
text_id!(
    BatchId,
    "A batch of syncs: 32 hex digits made of its idempotency key."
);

impl RunId {
    /// The run that this key asks for. The same key in another company is another run.
    pub fn from_key(company: CompanyId, key: &str) -> Self {
        let digest = Sha256::digest(format!("sync-run/{company}/{key}"));
        Self(hex(&digest[..16]))
    }
}

impl BatchId {
    /// The batch that this key asks for.
    pub fn from_key(key: &str) -> Self {
        let digest = Sha256::digest(format!("sync-batch/{key}"));
        Self(hex(&digest[..16]))
    }
}

/// `N` random bytes of the operating system as lower-case hex.
pub fn random_hex<const N: usize>() -> String {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).expect("the operating system has random bytes");
    hex(&bytes)
}

/// Lower-case hex of some bytes.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
