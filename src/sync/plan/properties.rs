//! The plan over random states of Moodle and the store.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::ids::{CompanyId, CourseId, UserId};
use crate::sync::changes::sides;
use crate::words::Status;
use serde_json::{Map, Value};

type Store = BTreeMap<(i64, i64), Row>;
type Moodle = BTreeMap<(i64, i64), Content>;
type Fields = Map<String, Value>;

fn keys() -> impl Strategy<Value = (i64, i64)> {
    (0..6_i64, 0..4_i64)
}

fn contents() -> impl Strategy<Value = Content> {
    let status = prop::sample::select(Status::ALL);
    let percentage = prop::option::of(prop::sample::select(vec![0.0, 100.0 / 3.0, 100.0]));
    let name = prop::sample::select(vec!["Ada", "Bob", "", "'; --", "Żółć 🦀"]);
    let moment = || prop::option::of(0..3_i64);
    (name, status, percentage, moment(), moment()).prop_map(|(name, status, percentage, a, b)| {
        Content {
            firstname: name.into(),
            lastname: "Byron".into(),
            email: "ada@example.com".into(),
            username: "ada".into(),
            coursename: "Fire safety".into(),
            status,
            percentage,
            timecompleted: a,
            timestarted: b,
            enrolled_at: None,
        }
    })
}

fn moodles() -> impl Strategy<Value = Moodle> {
    prop::collection::btree_map(keys(), contents(), 0..20)
}

fn stores() -> impl Strategy<Value = Store> {
    let states = prop::sample::select(vec![
        RowState::Active,
        RowState::Active,
        RowState::Left,
        RowState::Deleted,
    ]);
    let rows = prop::collection::btree_map(keys(), (contents(), states), 0..20);
    rows.prop_map(|rows| {
        let row = |((user, course), (content, state))| {
            ((user, course), row((user, course), content, state))
        };
        rows.into_iter().map(row).collect()
    })
}

fn row((user, course): (i64, i64), content: Content, state: RowState) -> Row {
    Row {
        company_id: CompanyId(42),
        user_id: UserId(user),
        course_id: CourseId(course),
        content,
        state,
        seq: 1,
        first_seen_seq: 1,
        changed_at: 0,
    }
}

fn steps(moodle: &Moodle, store: &Store) -> Vec<Step> {
    let seen = moodle.iter().map(|((user, course), content)| {
        let key = Key {
            user: UserId(*user),
            course: CourseId(*course),
        };
        Ok((key, Ok(content.clone())))
    });
    let stored = store.values().cloned().map(Ok);
    plan(seen, stored)
        .collect::<Result<_>>()
        .expect("both sides are in order")
}

/// What publishing makes of the store.
fn apply(store: &mut Store, steps: &[Step]) {
    for step in steps {
        let Step::Change(change) = step else { continue };
        let key = (change.key.user.0, change.key.course.0);
        let state = change
            .new
            .as_ref()
            .map_or(RowState::Left, |_| RowState::Active);
        let old = change.old.clone().map(|old| old.content);
        let content = change.new.clone().or(old).expect("a side");
        store.insert(key, row(key, content, state));
    }
}

fn fields(row: &Row) -> Fields {
    let content = serde_json::to_value(&row.content).expect("an object");
    let mut fields = content.as_object().expect("an object").clone();
    fields.insert("state".into(), row.state.as_str().into());
    fields
}

fn told(store: &Store) -> BTreeMap<(i64, i64), Fields> {
    store.iter().map(|(key, row)| (*key, fields(row))).collect()
}

proptest! {
    #[test]
    fn applying_the_plan_makes_the_store_equal_to_moodle_and_applying_it_twice_changes_nothing(
        moodle in moodles(), mut store in stores(),
    ) {
        let known = store.len();
        let planned = steps(&moodle, &store);
        apply(&mut store, &planned);

        let active: Moodle = store.iter()
            .filter(|(_, row)| row.state == RowState::Active)
            .map(|(key, row)| (*key, row.content.clone()))
            .collect();
        prop_assert_eq!(&active, &moodle);
        prop_assert!(store.len() >= known, "no row is ever lost");
        let again = steps(&moodle, &store);
        prop_assert!(again.iter().all(|step| matches!(step, Step::Same(_))));
        prop_assert_eq!(again.len(), moodle.len());
    }

    #[test]
    fn the_log_of_a_plan_replays_forward_and_backward(moodle in moodles(), store in stores()) {
        let steps = steps(&moodle, &store);
        let mut after = store.clone();
        apply(&mut after, &steps);
        let (mut forward, mut backward) = (told(&store), told(&after));

        for step in &steps {
            let Step::Change(change) = step else { continue };
            let key = (change.key.user.0, change.key.course.0);
            let (before, then) = sides(change, RowState::Left).expect("it can be written");
            let then: Fields = serde_json::from_str(&then).expect("an object");
            let row = forward.entry(key).or_insert_with(|| {
                Fields::from_iter([("state".to_owned(), "active".into())])
            });
            row.extend(then);
            match before {
                None => drop(backward.remove(&key)),
                Some(before) => {
                    let before: Fields = serde_json::from_str(&before).expect("an object");
                    backward.get_mut(&key).expect("it was there").extend(before);
                }
            }
        }

        prop_assert_eq!(forward, told(&after));
        prop_assert_eq!(backward, told(&store));
    }
}
