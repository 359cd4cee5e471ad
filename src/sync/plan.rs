//! The plan: two sorted streams, Moodle's and the store's, merged into what has to change.

use std::cmp::Ordering;
use std::iter::Peekable;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::ids::Key;
use crate::moodle::RowState;
use crate::progress::{Content, Row};

/// What Moodle says of a key that is active there.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// Its row, read in full.
    Row(Key, Box<Content>),
    /// That it is there, and that nothing of it has moved.
    Key(Key),
}

impl Seen {
    fn key(&self) -> Key {
        match self {
            Self::Row(key, _) | Self::Key(key) => *key,
        }
    }
}

/// What the store holds of a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Old {
    /// What the row says.
    pub content: Content,
    /// Active, or a tombstone.
    pub state: RowState,
    /// The version that first had it.
    pub first_seen_seq: i64,
}

/// One row that has to change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Which row.
    pub key: Key,
    /// What the store has; `None` for a key never seen.
    pub old: Option<Old>,
    /// What Moodle has; `None` where the row is not active any more.
    pub new: Option<Content>,
}

crate::words! {
    /// What a change does to what clients see.
    Kind {
        /// A row they did not see.
        Added = "added",
        /// A row that says something else.
        Updated = "updated",
        /// A row they do not see any more.
        Removed = "removed",
    }
}

impl Change {
    /// What it does to what clients see.
    pub fn kind(&self) -> Kind {
        match (&self.old, &self.new) {
            (_, None) => Kind::Removed,
            (Some(old), Some(_)) if old.state == RowState::Active => Kind::Updated,
            _ => Kind::Added,
        }
    }
}

/// One step of the merge.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Moodle and the store agree.
    Same,
    /// They do not.
    Change(Box<Change>),
}

/// Merges what Moodle has with what the store has, both in (user, course) order without repeats.
///
/// It compares content, never clocks. Tombstones that stay tombstones give no step. Fails at the first error of either
/// side, and where a side is out of order.
pub fn plan<M, S>(moodle: M, store: S) -> Plan<M, S>
where
    M: Iterator<Item = Result<Seen>>,
    S: Iterator<Item = Result<Row>>,
{
    Plan {
        moodle: moodle.peekable(),
        store: store.peekable(),
        last: None,
    }
}

/// The steps, one at a time; see [`plan`].
pub struct Plan<M: Iterator, S: Iterator> {
    moodle: Peekable<M>,
    store: Peekable<S>,
    last: Option<Key>,
}

impl<M, S> Plan<M, S>
where
    M: Iterator<Item = Result<Seen>>,
    S: Iterator<Item = Result<Row>>,
{
    fn step(&mut self) -> Result<Option<Option<Step>>> {
        let moodle = head(&mut self.moodle, Seen::key)?;
        let store = head(&mut self.store, Row::key)?;
        let side = match (moodle, store) {
            (None, None) => return Ok(None),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(moodle), Some(store)) => moodle.cmp(&store),
        };
        self.in_order(if side == Ordering::Greater {
            store
        } else {
            moodle
        })?;
        let seen = if side == Ordering::Greater {
            None
        } else {
            self.moodle.next().transpose()?
        };
        let row = if side == Ordering::Less {
            None
        } else {
            self.store.next().transpose()?
        };
        compare(seen, row).map(Some)
    }

    fn in_order(&mut self, key: Option<Key>) -> Result<()> {
        if self.last.is_some() && self.last >= key {
            return Err(Error::MoodleUnreadable(
                "a list was not in the order that was asked for".into(),
            ));
        }
        self.last = key;
        Ok(())
    }
}

impl<M, S> Iterator for Plan<M, S>
where
    M: Iterator<Item = Result<Seen>>,
    S: Iterator<Item = Result<Row>>,
{
    type Item = Result<Step>;

    fn next(&mut self) -> Option<Result<Step>> {
        loop {
            match self.step() {
                Ok(None) => return None,
                Ok(Some(None)) => {}
                Ok(Some(Some(step))) => return Some(Ok(step)),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// The next key of one side, or its error.
fn head<T>(
    side: &mut Peekable<impl Iterator<Item = Result<T>>>,
    key: impl Fn(&T) -> Key,
) -> Result<Option<Key>> {
    if let Some(Err(error)) = side.next_if(Result::is_err) {
        return Err(error);
    }
    Ok(side.peek().and_then(|item| item.as_ref().ok()).map(key))
}

fn compare(seen: Option<Seen>, row: Option<Row>) -> Result<Option<Step>> {
    let key = seen
        .as_ref()
        .map(Seen::key)
        .or(row.as_ref().map(Row::key))
        .expect("one side has the key");
    let active = row
        .as_ref()
        .is_some_and(|row| row.state == RowState::Active);
    let new = match seen {
        None if !active => return Ok(None),
        None => None,
        Some(Seen::Key(_)) if active => return Ok(Some(Step::Same)),
        Some(Seen::Key(_)) => {
            return Err(Error::MoodleUnreadable(
                "a new row was listed without its facts".into(),
            ));
        }
        Some(Seen::Row(_, content))
            if active && row.as_ref().is_some_and(|row| row.content == *content) =>
        {
            return Ok(Some(Step::Same));
        }
        Some(Seen::Row(_, content)) => Some(*content),
    };
    let old = row.map(|row| Old {
        content: row.content,
        state: row.state,
        first_seen_seq: row.first_seen_seq,
    });
    Ok(Some(Step::Change(Box::new(Change { key, old, new }))))
}
