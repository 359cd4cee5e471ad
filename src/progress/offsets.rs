//! Pages by offset at one price: where each thousand of a company's rows ends is looked up once per stamp.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::{Row, store};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, CourseId, Key, UserId};

/// Rows between two marks.
const STEP: i64 = 1000;

/// The marks of each company that was paged through: 16 bytes per thousand rows, of its latest stamp only.
#[derive(Debug, Default)]
pub struct Offsets(Mutex<HashMap<CompanyId, Arc<Marks>>>);

/// The keys at every thousandth active row, under the stamp that they are true for.
#[derive(Debug)]
struct Marks {
    stamp: String,
    keys: Vec<Key>,
}

impl Offsets {
    /// Active rows after the first `offset`, in (user, course) order. `stamp` is the company's in this snapshot.
    ///
    /// The first page beyond a thousand rows counts them all; every other page reads its own rows and at most 999 more.
    pub fn page(
        &self,
        conn: &mut Conn,
        company: CompanyId,
        stamp: &str,
        (offset, limit): (i64, i64),
    ) -> Result<Vec<Row>> {
        let Some(place) = usize::try_from(offset / STEP)
            .ok()
            .filter(|place| *place > 0)
        else {
            return store::page_at_offset(conn, company, None, offset, limit);
        };
        let marks = self.marks(conn, company, stamp)?;
        match marks.keys.get(place - 1) {
            Some(mark) => store::page_at_offset(conn, company, Some(*mark), offset % STEP, limit),
            None => Ok(Vec::new()),
        }
    }

    fn marks(&self, conn: &mut Conn, company: CompanyId, stamp: &str) -> Result<Arc<Marks>> {
        let known = self.known().get(&company).cloned();
        if let Some(marks) = known.filter(|marks| marks.stamp == stamp) {
            return Ok(marks);
        }
        let marks = Arc::new(Marks {
            stamp: stamp.to_owned(),
            keys: every_thousandth(conn, company)?,
        });
        self.known().insert(company, marks.clone());
        Ok(marks)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<CompanyId, Arc<Marks>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn every_thousandth(conn: &mut Conn, company: CompanyId) -> Result<Vec<Key>> {
    let numbered = format!(
        "select user_id, course_id from (select user_id, course_id, \
         row_number() over (order by user_id, course_id) as place from progress \
         where company_id = $1 and state = 'active') numbered where place % {STEP} = 0 order by place"
    );
    let marks: Vec<Mark> = diesel::sql_query(numbered)
        .bind::<BigInt, _>(company)
        .load(conn)?;
    let key = |mark: Mark| Key {
        user: mark.user_id,
        course: mark.course_id,
    };
    Ok(marks.into_iter().map(key).collect())
}

#[derive(QueryableByName)]
struct Mark {
    #[diesel(sql_type = BigInt)]
    user_id: UserId,
    #[diesel(sql_type = BigInt)]
    course_id: CourseId,
}
