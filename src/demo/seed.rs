//! The demo's people and courses. The same every time, as seen from the moment it is made.

use super::builder::{CATEGORY, EDITING_TEACHER, MoodleBuilder, SITE, STUDENT, TEACHER};
use crate::error::Result;
use crate::ids::{CompanyId, CourseId, UserId};

const DAY: i64 = 86_400;

const FIRST_NAMES: &[&str] = &[
    "Ada", "Björn", "Chloé", "Dmitri", "Elif", "Fatma", "Grace", "Hòa", "İpek", "Jürgen", "Kwame",
    "Łucja", "Mélanie", "Noor", "Oğuz", "Priya", "Quentin", "Rosa", "Søren", "Tomáš",
];
const LAST_NAMES: &[&str] = &[
    "Adams",
    "Brandt",
    "Černý",
    "D'Angelo",
    "Eriksen",
    "Fischer",
    "García",
    "Hansen",
    "O'Brien",
    "Jansen",
    "Kowalski",
    "Lindqvist",
    "Müller",
];

/// Fills an empty Moodle.
pub fn fill(moodle: &mut MoodleBuilder, now: i64) -> Result<()> {
    let courses = Courses::add(moodle)?;
    big_company(moodle, &courses, now)?;
    hostile_company(moodle, &courses, now)?;
    small_company(moodle, &courses, now)?;
    moodle.company_as(CompanyId(44), "Delta Holding (nobody yet)")?;
    Ok(())
}

struct Courses {
    api: CourseId,
    fire: CourseId,
    privacy: CourseId,
    first_aid: CourseId,
    forklift: CourseId,
    induction: CourseId,
    pilot: CourseId,
}

impl Courses {
    fn add(moodle: &mut MoodleBuilder) -> Result<Self> {
        let mut course = |name: &str, activities: usize| {
            let course = moodle.course(name)?;
            moodle.activities(course, activities).map(|_| course)
        };
        let courses = Self {
            api: course("API_course for completion test", 3)?,
            fire: course("Fire safety", 5)?,
            privacy: course("Data protection <GDPR> & you", 7)?,
            first_aid: course("Erste Hilfe – Grundlagen", 4)?,
            forklift: course("Forklift licence (no activities)", 0)?,
            induction: course("Induction (completion off)", 2)?,
            pilot: course("Pilot course (hidden)", 2)?,
        };
        let induction = courses.induction;
        moodle.execute(&format!(
            "update mdl_course set enablecompletion = 0 where id = {induction}"
        ))?;
        moodle.share_course(courses.first_aid, 1)?;
        moodle.hide_course(courses.pilot, 0)?;
        Ok(courses)
    }
}

/// Company 42: forty learners in five courses, and everybody who must not appear.
fn big_company(moodle: &mut MoodleBuilder, courses: &Courses, now: i64) -> Result<()> {
    let company = moodle.company_as(CompanyId(42), "Béta Training GmbH")?;
    for course in [courses.api, courses.fire, courses.privacy, courses.forklift] {
        moodle.give_course(company, course)?;
    }
    for course in [courses.induction, courses.pilot] {
        moodle.give_course(company, course)?;
    }
    for number in [17, 21] {
        let user = moodle.user_as(UserId(number), "api", &format!("User {number}"))?;
        moodle.execute(&format!(
            "update mdl_user set username = 'api user {number}' where id = {user}"
        ))?;
        moodle.member(company, user)?;
        moodle.enrol(user, courses.api, now - 30 * DAY)?;
        moodle.enrol(user, courses.fire, now - 30 * DAY)?;
    }
    moodle.done(UserId(17), courses.api, 2, now - 3 * DAY)?;
    moodle.complete(UserId(21), courses.fire, now - 12 * DAY)?;
    for number in 0..36 {
        let user = learner(moodle, company, 100 + number)?;
        let wanted = [
            courses.api,
            courses.fire,
            courses.privacy,
            courses.first_aid,
            courses.forklift,
        ];
        for (place, course) in wanted.into_iter().enumerate() {
            study(moodle, user, course, number as usize + 3 * place, now)?;
        }
        if number % 6 == 0 {
            moodle.enrol(user, courses.induction, now - 90 * DAY)?;
            moodle.enrol(user, courses.pilot, now - 20 * DAY)?;
        }
    }
    not_in_reports(moodle, company, courses, now)
}

/// People of the company whom no report may show, and two whom it must.
fn not_in_reports(
    moodle: &mut MoodleBuilder,
    company: CompanyId,
    courses: &Courses,
    now: i64,
) -> Result<()> {
    let person = |moodle: &mut MoodleBuilder, id: i64, name: &str| {
        let user = moodle.user_as(UserId(id), name, "Example")?;
        moodle.member(company, user)?;
        moodle.enrol_only(user, courses.fire, now - 60 * DAY)?;
        Ok::<UserId, crate::error::Error>(user)
    };
    let fire = moodle.context(courses.fire)?;
    let began = now - 60 * DAY;
    let teacher = person(moodle, 60, "Tara (teacher)")?;
    moodle.assign_role(teacher, TEACHER, fire, began)?;
    let editor = person(moodle, 61, "Edwin (editing teacher)")?;
    moodle.assign_role(editor, EDITING_TEACHER, fire, began)?;
    person(moodle, 62, "Norma (no role)")?;
    for (id, name) in [
        (63, "Susi (suspended)"),
        (64, "Carl (suspended here)"),
        (65, "Della (deleted)"),
    ] {
        let user = person(moodle, id, name)?;
        moodle.assign_role(user, STUDENT, fire, began)?;
        moodle.done(user, courses.fire, 3, now - 40 * DAY)?;
    }
    moodle.suspend(UserId(63), now - 8 * DAY)?;
    moodle.suspend_in(company, UserId(64))?;
    moodle.delete_user(UserId(65), now - 9 * DAY)?;
    let both = person(moodle, 66, "Tessa (teaches and learns)")?;
    moodle.assign_role(both, TEACHER, fire, began)?;
    moodle.assign_role(both, STUDENT, fire, began)?;
    let category = person(moodle, 67, "Cato (student of the category)")?;
    moodle.assign_role(category, STUDENT, CATEGORY, began)?;
    moodle.assign_role(teacher, TEACHER, SITE, began)
}

/// A company whose name is an attack, with learners whose names are too.
fn hostile_company(moodle: &mut MoodleBuilder, courses: &Courses, now: i64) -> Result<()> {
    let company = moodle.company_as(CompanyId(7), "<script>alert(1)</script> & Söhne")?;
    moodle.give_course(company, courses.fire)?;
    moodle.give_course(company, courses.privacy)?;
    for number in 0..10 {
        let user = learner(moodle, company, 200 + number)?;
        study(moodle, user, courses.fire, number as usize, now)?;
        study(moodle, user, courses.privacy, number as usize + 2, now)?;
    }
    let markup = moodle.user_as(
        UserId(220),
        "<b onmouseover=alert(1)>Bo</b>",
        "\"; drop table mdl_user; --",
    )?;
    let emoji = moodle.user_as(UserId(221), "Ζωή 🦉", "المستخدم")?;
    moodle.execute("update mdl_user set email = 'not an address <x@y' where id = 220")?;
    // A member of two companies, and of two departments of one of them.
    moodle.member(CompanyId(42), emoji)?;
    moodle.execute(
        "insert into mdl_company_users (companyid, userid, departmentid) values (7, 221, 99)",
    )?;
    for user in [markup, emoji] {
        moodle.member(company, user)?;
        study(moodle, user, courses.fire, 4, now)?;
    }
    Ok(())
}

fn small_company(moodle: &mut MoodleBuilder, courses: &Courses, now: i64) -> Result<()> {
    let company = moodle.company_as(CompanyId(43), "Gamma \"Small\" Ltd")?;
    moodle.give_course(company, courses.fire)?;
    for number in 0..4 {
        let user = learner(moodle, company, 300 + number)?;
        study(moodle, user, courses.fire, 2 * number as usize, now)?;
    }
    Ok(())
}

fn learner(moodle: &mut MoodleBuilder, company: CompanyId, number: i64) -> Result<UserId> {
    let place = usize::try_from(number).unwrap_or_default();
    let firstname = FIRST_NAMES[place * 7 % FIRST_NAMES.len()];
    let lastname = LAST_NAMES[place * 5 % LAST_NAMES.len()];
    let user = moodle.user_as(UserId(number), firstname, lastname)?;
    moodle.execute(&format!(
        "update mdl_user set username = 'learner{user}', email = 'learner{user}@example.com' where id = {user}"
    ))?;
    moodle.member(company, user)?;
    Ok(user)
}

/// Enrols and brings a learner as far as `turn` says: each turn in seven is another story.
fn study(
    moodle: &mut MoodleBuilder,
    user: UserId,
    course: CourseId,
    turn: usize,
    now: i64,
) -> Result<()> {
    let enrolled_at = now - (turn as i64 % 50 + 40) * DAY;
    moodle.enrol(user, course, enrolled_at)?;
    let at = |days: i64| enrolled_at + days * DAY + turn as i64 * 61;
    match turn % 7 {
        0 | 4 => moodle.complete(user, course, at(14)),
        1 => moodle.done(user, course, 1, at(2)),
        2 => moodle.done(user, course, 2, at(6)),
        // Every activity done, but the course is not completed: its criteria are others.
        3 => moodle.done(user, course, usize::MAX, at(9)),
        _ => Ok(()),
    }
}
