//! Statements of a set: every value is bound, every name comes from the model.

use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Double, Text};

use super::filter::{Comparison, Filter, Function, Operand};
use super::model::{Datum, Kind, Property, Set};
use super::order::{Direction, Order};
use crate::db::{Conn, Store};
use crate::ids::CompanyId;

/// A statement with its values.
pub type Bound<'a> = BoxedSqlQuery<'a, Store, SqlQuery>;

/// Which database a statement is for, where they differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Sqlite,
    Postgres,
}

/// A statement while it is written.
pub struct Statement {
    text: String,
    values: Vec<Value>,
    dialect: Dialect,
}

enum Value {
    Int(i64),
    Double(f64),
    Text(String),
    Bool(bool),
}

impl Statement {
    /// An empty one for a connection's database.
    pub fn new(conn: &Conn) -> Self {
        let dialect = match conn {
            Conn::Sqlite(_) => Dialect::Sqlite,
            Conn::Pg(_) => Dialect::Postgres,
        };
        Self {
            text: String::new(),
            values: Vec::new(),
            dialect,
        }
    }

    /// Goes on with a text of our own.
    pub fn say(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Goes on with a bound number.
    pub fn bind(&mut self, number: i64) -> &mut Self {
        self.value(Value::Int(number));
        self
    }

    fn value(&mut self, value: Value) {
        self.values.push(value);
        self.text.push_str(&format!("${}", self.values.len()));
    }

    /// The finished statement.
    pub fn finish(self) -> Bound<'static> {
        let start = sql_query(self.text).into_boxed::<Store>();
        self.values
            .into_iter()
            .fold(start, |query, value| match value {
                Value::Int(number) => query.bind::<BigInt, _>(number),
                Value::Double(number) => query.bind::<Double, _>(number),
                Value::Text(text) => query.bind::<Text, _>(text),
                Value::Bool(word) => query.bind::<Bool, _>(word),
            })
    }

    /// ` from … ` the entities of a set, in one company.
    pub fn source(&mut self, set: Set, company: CompanyId) {
        let (before, after) = source(set, self.dialect);
        self.say(" from (").say(before);
        self.bind(company.0).say(after).say(") entity ");
    }

    /// A condition. It is null, and holds for nobody, as its opposite does not, where a property that stands alone, or a
    /// text that is looked into, is null; comparisons are true or false.
    pub fn filter(&mut self, filter: &Filter) {
        match filter {
            Filter::Always(true) => drop(self.say("1 = 1")),
            Filter::Always(false) => drop(self.say("1 = 0")),
            Filter::And(parts) => self.list(parts, " and ", Self::filter),
            Filter::Or(parts) => self.list(parts, " or ", Self::filter),
            Filter::Not(part) => {
                self.say("(not ");
                self.filter(part);
                self.say(")");
            }
            Filter::Compare(left, operator, right) => self.compare(left, *operator, right),
            Filter::In(left, entries) => self.list(entries, " or ", |statement, entry| {
                statement.compare(left, Comparison::Eq, entry);
            }),
            Filter::Text(function, text, part) => self.function(*function, text, part),
            Filter::Is(property) => {
                self.say("(").say(property.column).say(" = ");
                self.value(Value::Bool(true));
                self.say(")");
            }
        }
    }

    fn list<T>(&mut self, parts: &[T], between: &str, each: impl Fn(&mut Self, &T)) {
        self.say("(");
        for (number, part) in parts.iter().enumerate() {
            if number > 0 {
                self.say(between);
            }
            each(self, part);
        }
        self.say(")");
    }

    fn compare(&mut self, left: &Operand, operator: Comparison, right: &Operand) {
        let (left, right) = match (left, right) {
            (Operand::Null, right) => (right, left),
            both => both,
        };
        if *right == Operand::Null {
            return self.compare_null(left, operator);
        }
        let sign = match operator {
            Comparison::Eq | Comparison::Ne => "=",
            Comparison::Gt => ">",
            Comparison::Ge => ">=",
            Comparison::Lt => "<",
            Comparison::Le => "<=",
        };
        let both_null = self.nullable(left) && self.nullable(right);
        let either_null = self.nullable(left) || self.nullable(right);
        self.say(if operator == Comparison::Ne {
            "(not "
        } else {
            "("
        });
        self.say(if either_null { "coalesce(" } else { "" });
        self.operand(left);
        self.say(self.collation(left)).say(" ").say(sign).say(" ");
        self.operand(right);
        self.say(if either_null { ", " } else { "" });
        if both_null && matches!(operator, Comparison::Eq | Comparison::Ne) {
            self.operand(left);
            self.say(" is null and ");
            self.operand(right);
            self.say(" is null");
        } else if either_null {
            self.say("1 = 0");
        }
        self.say(if either_null { "))" } else { ")" });
    }

    /// Null equals null only, and is neither more nor less than anything.
    fn compare_null(&mut self, left: &Operand, operator: Comparison) {
        let known = match left {
            Operand::Null => None,
            Operand::Property(property) if property.nullable => Some(property),
            _ => {
                let holds = operator == Comparison::Ne;
                return self.filter(&Filter::Always(holds));
            }
        };
        match (operator, known) {
            (Comparison::Eq, Some(property)) => self.is_null(property, " is null)"),
            (Comparison::Ne, Some(property)) => self.is_null(property, " is not null)"),
            (operator, _) => self.filter(&Filter::Always(operator == Comparison::Eq)),
        }
    }

    fn is_null(&mut self, property: &Property, whether: &str) {
        self.say("(").say(property.column).say(whether);
    }

    fn function(&mut self, function: Function, text: &Operand, part: &Operand) {
        let find = match self.dialect {
            Dialect::Sqlite => "instr(",
            Dialect::Postgres => "strpos(",
        };
        match function {
            Function::Contains | Function::StartsWith => {
                self.say("(").say(find);
                self.operand(text);
                self.say(", ");
                self.operand(part);
                let found = function == Function::Contains;
                self.say(if found { ") > 0)" } else { ") = 1)" });
            }
            Function::EndsWith => self.ends_with(text, part),
        }
    }

    /// An empty end ends every text; `substr` would count from the wrong side for it.
    fn ends_with(&mut self, text: &Operand, part: &Operand) {
        self.say("(length(");
        self.operand(text);
        self.say(") >= length(");
        self.operand(part);
        self.say(") and substr(");
        self.operand(text);
        self.say(", length(");
        self.operand(text);
        self.say(") - length(");
        self.operand(part);
        self.say(") + 1) = ");
        self.operand(part);
        self.say(")");
    }

    fn operand(&mut self, operand: &Operand) {
        match operand {
            Operand::Property(property) => drop(self.say(property.column)),
            Operand::Text(text) => self.value(Value::Text(text.clone())),
            Operand::Int(number) | Operand::Time(number, 0) => self.value(Value::Int(*number)),
            Operand::Double(number) => self.value(Value::Double(*number)),
            Operand::Time(seconds, rest) => {
                self.value(Value::Double(*seconds as f64 + f64::from(*rest) / 1e9));
            }
            Operand::Bool(word) => self.value(Value::Bool(*word)),
            Operand::Null => drop(self.say("null")),
        }
    }

    fn nullable(&self, operand: &Operand) -> bool {
        matches!(operand, Operand::Property(property) if property.nullable)
    }

    /// Texts are ordered by their code points on both databases.
    fn collation(&self, operand: &Operand) -> &'static str {
        let text = match operand {
            Operand::Property(property) => property.kind == Kind::Text,
            Operand::Text(_) => true,
            _ => false,
        };
        if text && self.dialect == Dialect::Postgres {
            " collate \"C\""
        } else {
            ""
        }
    }

    /// ` order by …`
    pub fn order(&mut self, order: &Order) {
        for (number, (property, direction)) in order.0.iter().enumerate() {
            self.say(if number == 0 { " order by " } else { ", " });
            self.say(property.column);
            self.say(self.collation(&Operand::Property(property)));
            self.say(match (direction, property.nullable) {
                (Direction::Up, false) => "",
                (Direction::Up, true) => " asc nulls first",
                (Direction::Down, false) => " desc",
                (Direction::Down, true) => " desc nulls last",
            });
        }
    }

    /// A condition: later in the order than a place of it.
    pub fn after(&mut self, order: &Order, place: &[Datum]) {
        let parts: Vec<Filter> = (0..order.0.len().min(place.len()))
            .map(|length| {
                let (property, direction) = order.0[length];
                let mut parts: Vec<Filter> = order.0[..length]
                    .iter()
                    .zip(place)
                    .map(|((equal, _), datum)| compare(equal, Comparison::Eq, datum))
                    .collect();
                parts.push(beyond(property, direction, &place[length]));
                Filter::And(parts)
            })
            .collect();
        // Said apart, so that an index of the order's first column can be used.
        let start = match (order.0.first(), place.first()) {
            (Some((first, Direction::Up)), Some(least)) if *least != Datum::Null => {
                compare(first, Comparison::Ge, least)
            }
            _ => Filter::Always(true),
        };
        self.filter(&Filter::And(vec![start, Filter::Or(parts)]));
    }
}

fn compare(property: &'static Property, operator: Comparison, datum: &Datum) -> Filter {
    let value = match datum {
        Datum::Null => Operand::Null,
        Datum::Int(number) => Operand::Int(*number),
        Datum::Double(number) => Operand::Double(*number),
        Datum::Text(text) => Operand::Text(text.clone()),
        Datum::Time(seconds) => Operand::Time(*seconds, 0),
        Datum::Bool(word) => Operand::Bool(*word),
    };
    Filter::Compare(Operand::Property(property), operator, value)
}

/// Null is the smallest.
fn beyond(property: &'static Property, direction: Direction, datum: &Datum) -> Filter {
    match (direction, datum) {
        (Direction::Up, Datum::Null) => compare(property, Comparison::Ne, datum),
        (Direction::Up, _) => compare(property, Comparison::Gt, datum),
        (Direction::Down, Datum::Null) => Filter::Always(false),
        (Direction::Down, _) => Filter::Or(vec![
            compare(property, Comparison::Lt, datum),
            compare(property, Comparison::Eq, &Datum::Null),
        ]),
    }
}

/// The entities of a set, before and after the company's id.
fn source(set: Set, dialect: Dialect) -> (&'static str, &'static str) {
    match set {
        Set::Progress => (
            "select * from progress where company_id = ",
            " and state = 'active'",
        ),
        Set::Courses => (
            "select course_id, max(coursename) as coursename from progress where company_id = ",
            " and state = 'active' group by course_id",
        ),
        Set::Users => (
            "select * from progress mine where company_id = ",
            " and state = 'active' and not exists (select 1 from progress other where other.company_id = mine.company_id \
             and other.user_id = mine.user_id and other.course_id < mine.course_id and other.state = 'active')",
        ),
        Set::SyncRuns => (runs(dialect), ""),
    }
}

/// Runs with their statistics, which are null until a run has ended, as `Run::statistics` says them.
fn runs(dialect: Dialect) -> &'static str {
    macro_rules! runs {
        ($sentences:literal) => {
            concat!(
                "select *, requested_at_ms / 1000 as requested_at, started_at_ms / 1000 as started_at, \
                 finished_at_ms / 1000 as finished_at, \
                 case when has_ended then state in ('succeeded', 'partial') end as success, \
                 case when has_ended then coalesce(records_created, 0) end as created, \
                 case when has_ended then coalesce(records_updated, 0) end as updated, \
                 case when has_ended then coalesce(records_deleted, 0) end as deleted, \
                 case when has_ended then coalesce(records_unchanged, 0) end as unchanged, \
                 case when has_ended then coalesce(records_created, 0) + coalesce(records_updated, 0) \
                 + coalesce(records_deleted, 0) end as processed, \
                 case when has_ended then (coalesce(finished_at_ms - coalesce(started_at_ms, requested_at_ms), 0) + 500) \
                 / 1000 end as duration_seconds, \
                 case when has_ended and errors like '[%' then coalesce((",
                $sentences,
                "), '') when has_ended then errors end as said_wrong \
                 from (select *, state not in ('queued', 'running') as has_ended from sync_runs) run where company_id = "
            )
        };
    }
    match dialect {
        Dialect::Sqlite => runs!("select group_concat(value, ' ') from json_each(errors)"),
        Dialect::Postgres => runs!(
            "select string_agg(said, ' ' order by place) \
             from json_array_elements_text(errors::json) with ordinality as each (said, place)"
        ),
    }
}
