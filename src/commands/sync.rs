//! `sync`: one run from the command line.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::app::App;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::ids::CompanyId;
use crate::say;
use crate::sync::{self, Mode, Request, Run, RunState, Trigger};

/// Longer than any run.
const FOR_EVER: Duration = Duration::from_secs(7 * 24 * 3600);

/// Which run.
#[derive(Debug, Args)]
pub struct Options {
    /// The company, by IOMAD's id. Example: 42
    #[arg(long)]
    company: CompanyId,
    /// full reads everything, changes what moved since --hours.
    #[arg(long, default_value = "full")]
    mode: Mode,
    /// How far changes looks back, 1 to 168. Default: 24
    #[arg(long)]
    hours: Option<i32>,
    /// Print the statistics as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs one sync and waits for its end.
pub fn sync(config: Config, options: Options) -> Result<ExitCode> {
    let app = App::open(config)?;
    let run = actix_web::rt::System::new().block_on(to_its_end(&app, request(&options)))?;
    super::serve::finish(&app);
    print(&run, options.json)?;
    Ok(if run.state == RunState::Succeeded {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Asks for a run and waits until it has ended.
pub async fn to_its_end(app: &Arc<App>, request: Request) -> Result<Run> {
    let company = request.company;
    let requested = sync::start(app, request).await?;
    let ended = sync::wait(app, company, &requested.run, FOR_EVER).await?;
    ended.ok_or_else(|| Error::Conflict("the run has not ended within a week".into()))
}

fn request(options: &Options) -> Request {
    let hours_back = match options.mode {
        Mode::Changes => Some(options.hours.unwrap_or(24)),
        _ => options.hours,
    };
    Request {
        hours_back,
        ..Request::of(
            options.company,
            options.mode,
            Trigger::CommandLine,
            "command line".into(),
        )
    }
}

fn print(run: &Run, json: bool) -> Result<()> {
    let statistics = run
        .statistics()
        .ok_or_else(|| Error::Conflict("the run has not ended".into()))?;
    if json {
        say!(
            "{}",
            serde_json::to_string(&statistics).map_err(std::io::Error::from)?
        );
        return Ok(());
    }
    match run.state {
        RunState::Succeeded => say!(
            "{} created, {} updated, {} deleted, {} unchanged; version {} of company {}",
            statistics.records_created,
            statistics.records_updated,
            statistics.records_deleted,
            statistics.records_unchanged,
            statistics.version_after.unwrap_or_default(),
            run.company_id,
        ),
        state => {
            let detail = run.error_detail.as_deref().unwrap_or_default();
            say!("{state}: {} {detail}", statistics.errors.join(" "));
        }
    }
    Ok(())
}
