//! `sync`: runs from the command line, through the server where one runs, alone where none does.

mod alone;
mod door;
mod report;
mod server;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;

use crate::app::App;
use crate::companies;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::ids::CompanyId;
use crate::sync::{self, Mode, batch};

pub use alone::to_its_end;
use door::Door;
use report::{Done, Report};

/// How far `changes` looks back when nobody says.
const USUAL_HOURS: i32 = 24;

/// Which runs.
#[derive(Debug, Args)]
#[command(after_long_help = EXIT_CODES, after_help = EXIT_CODES)]
pub struct Options {
    #[command(flatten)]
    whose: Whose,
    /// full reads everything, changes what moved since --hours, cleanup only takes away what is gone.
    #[arg(long, default_value = "full", value_parser = mode)]
    mode: Mode,
    /// How far changes looks back, 1 to 168. Default: 24
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..=168))]
    hours: Option<i32>,
    /// Say what the sync would do, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print the statistics as one JSON object; errors too.
    #[arg(long)]
    json: bool,
    /// Most seconds to wait for the end; the sync goes on without us where a server runs, and
    /// alone it is always waited for. Default: as long as it takes
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=604_800))]
    wait: Option<u64>,
}

const EXIT_CODES: &str = "Exit codes:\n  0  every sync succeeded\n  1  a sync failed or could not be asked for\n  \
    2  the command line is not right\n  3  a sync stopped because an admin has to confirm its removals\n  \
    4  a sync succeeded, except for rows of Moodle that nobody can read\n  5  a sync has not ended within --wait";

/// One company or all.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Whose {
    /// The company, by IOMAD's id. Example: 42
    #[arg(long)]
    company: Option<CompanyId>,
    /// Every company that Moodle has.
    #[arg(long)]
    all: bool,
}

/// What is asked of each company.
#[derive(Debug, Clone, Copy)]
struct Wish {
    mode: Mode,
    hours_back: Option<i32>,
    dry_run: bool,
}

fn mode(text: &str) -> std::result::Result<Mode, String> {
    let known = text.parse().ok().filter(|mode: &Mode| mode.reads_moodle());
    known.ok_or_else(|| "use one of: changes, full, cleanup".into())
}

/// Runs the syncs and waits for their end. With `--json` an error is a JSON object on standard output too.
pub fn sync(config: Config, options: Options) -> Result<ExitCode> {
    match run(config, &options) {
        Err(error) if options.json => {
            report::print_error(options.whose.company, &error);
            Err(error)
        }
        done => done,
    }
}

fn run(config: Config, options: &Options) -> Result<ExitCode> {
    let wish = wish(options)?;
    let until = options
        .wait
        .map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let app = App::open(config)?;
    let mut door = Door::open(&app, until)?;
    let report = Report::new(options.json, options.whose.all);
    let done = match options.whose.company {
        Some(company) => vec![one(&mut door, company, wish, until)?],
        None => all(&app, &mut door, wish, until, &report)?,
    };
    door.close();
    report.print(&done)
}

fn wish(options: &Options) -> Result<Wish> {
    let hours_back = match (options.mode, options.hours) {
        (Mode::Changes, hours) => Some(hours.unwrap_or(USUAL_HOURS)),
        (_, None) => None,
        (_, Some(_)) => {
            return Err(Error::Invalid("--hours goes with --mode changes".into()));
        }
    };
    Ok(Wish {
        mode: options.mode,
        hours_back,
        dry_run: options.dry_run,
    })
}

fn one(door: &mut Door, company: CompanyId, wish: Wish, until: Option<Instant>) -> Result<Done> {
    let run = door.ask(company, wish)?;
    let ended = door.end(company, &run, until)?;
    Ok(Done::of(company, ended, wish.dry_run))
}

/// Asks for every company first, so that the server can work on several at once; then waits for each.
fn all(
    app: &App,
    door: &mut Door,
    wish: Wish,
    until: Option<Instant>,
    report: &Report,
) -> Result<Vec<Done>> {
    let companies = companies(app)?;
    let asked: Vec<_> = companies
        .iter()
        .map(|(company, _)| door.ask(*company, wish))
        .collect();
    let mut done = Vec::with_capacity(companies.len());
    for ((company, name), asked) in companies.iter().zip(asked) {
        let ended = asked.and_then(|run| door.end(*company, &run, until));
        let ended = ended.map(|run| Done::of(*company, run, wish.dry_run));
        let one = ended.unwrap_or_else(|error| Done::failed(*company, &error));
        done.push(one);
        report.progress(done.len(), companies.len(), name, &done[done.len() - 1]);
    }
    Ok(done)
}

/// The companies that Moodle has, or, where this command does not know the Moodle, those that the store has; by name.
fn companies(app: &App) -> Result<Vec<(CompanyId, String)>> {
    let there = app
        .moodle
        .as_ref()
        .map(|_| batch::companies_in_moodle(app))
        .transpose()?;
    let known = app.db.read(companies::store::list)?;
    let found: Vec<_> = known
        .into_iter()
        .map(|(company, _)| (company.id, company.name))
        .filter(|(id, _)| there.as_ref().is_none_or(|there| there.contains(id)))
        .collect();
    if found.is_empty() {
        return Err(Error::Conflict("there is no company to sync".into()));
    }
    Ok(found)
}

/// Has the store know a company that is new in Moodle, where this command knows the Moodle.
fn learn(app: &App, company: CompanyId) -> Result<()> {
    match app.moodle {
        Some(_) => sync::learn_company(app, company),
        None => Ok(()),
    }
}
