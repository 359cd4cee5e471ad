//! How the server does: one function per thing to look at, for the page Health, the support text and whoever asks.

mod clock;
mod copies;
mod disk;
mod logs;
mod memory;
mod process;
mod said;
mod source;
mod store;
pub mod support;

pub use said::Check;

use crate::app::App;
use crate::moodle::Level;

/// Everything, in the order of the page. Blocking: it asks the store, and Moodle's database with a short limit.
///
/// What is broken becomes a line of its own; nothing of it fails.
pub fn all(app: &App, now: i64) -> Vec<Check> {
    let mut checks = of_the_store(app, now);
    checks.extend([
        memory::answers(app),
        clock::ticks(app, now),
        process::machine(app, now),
        process::resources(),
    ]);
    checks
}

/// What any process can see that has the same settings: not what the server keeps in its memory.
pub fn of_the_store(app: &App, now: i64) -> Vec<Check> {
    vec![
        store::answers(app),
        store::schema(app),
        store::pools(app),
        store::takes_writes(app, now),
        source::answers(app),
        clock::runs(app),
        disk::room(app),
        copies::newest(app, now),
        logs::calls(app, now),
        logs::keeping(app),
    ]
}

/// The gravest of some.
pub fn worst(checks: &[Check]) -> Level {
    let levels = checks.iter().map(|check| check.level);
    levels.max().unwrap_or(Level::Ok)
}
