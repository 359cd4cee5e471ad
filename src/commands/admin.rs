//! `admin`: people who may sign in.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use crate::admins::invitations::Guest;
use crate::admins::{self, Person, Role, people, store};
use crate::app::App;
use crate::config::Config;
use crate::db::Conn;
use crate::error::{Error, OrNotFound as _, Result};
use crate::ids::{AdminId, CompanyId};
use crate::staff::second_factor;
use crate::time::now_ms;
use crate::{say, staff};

/// Who the audit log says did it.
const ACTOR: &str = "command line";

/// What to do with admins.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make an account that can sign in at once.
    Create {
        /// What they sign in with. Example: ada@example.com
        #[arg(long)]
        email: String,
        /// A file whose first line is the password, at least 12 characters.
        #[arg(long)]
        password_file: PathBuf,
        /// What they may do: admin, operator, viewer or company_manager.
        #[arg(long, default_value = "admin")]
        role: Role,
        /// The id of a company manager's company.
        #[arg(long)]
        company: Option<i64>,
    },
    /// Print every account: email, role, company, whether it may sign in, whether it has a second factor.
    List,
    /// Give an account another role. The last admin stays one.
    Role {
        /// Whose.
        #[arg(long)]
        email: String,
        /// What they may do: admin, operator, viewer or company_manager.
        #[arg(long)]
        role: Role,
        /// The id of a company manager's company.
        #[arg(long)]
        company: Option<i64>,
    },
    /// Set another password of an account; its sessions end.
    Password {
        /// Whose.
        #[arg(long)]
        email: String,
        /// A file whose first line is the password, at least 12 characters.
        #[arg(long)]
        password_file: PathBuf,
    },
    /// Take the second factor of an account away, for somebody who lost the phone; its sessions end.
    ResetSecondFactor {
        /// Whose.
        #[arg(long)]
        email: String,
    },
    /// Remove an account. The last admin stays.
    Remove {
        /// Whose.
        #[arg(long)]
        email: String,
    },
}

/// Runs one of them.
pub fn run(config: Config, command: Command) -> Result<ExitCode> {
    let app = || App::open(config);
    let done = match command {
        Command::Create {
            email,
            password_file,
            role,
            company,
        } => {
            let hash = admins::hash(&first_line(&password_file)?)?;
            let done = format!("{email} can sign in now");
            let guest = Guest {
                email,
                role,
                company: company.map(CompanyId),
                admin: None,
            };
            app()?
                .db
                .write(|conn| staff::add(conn, &guest, &hash, ACTOR, now_ms()))?;
            done
        }
        Command::List => {
            app()?.db.read(people::list)?.iter().for_each(print);
            return Ok(ExitCode::SUCCESS);
        }
        Command::Role {
            email,
            role,
            company,
        } => {
            let to = (role, company.map(CompanyId));
            change(app()?.as_ref(), &email, |conn, id| {
                staff::change_role(conn, id, to, ACTOR, now_ms())
            })?;
            format!("{email} is {role} now")
        }
        Command::Password {
            email,
            password_file,
        } => {
            let hash = admins::hash(&first_line(&password_file)?)?;
            change(app()?.as_ref(), &email, |conn, id| {
                staff::set_password(conn, id, (&hash, None), ACTOR, now_ms())
            })?;
            format!("{email} has another password now")
        }
        Command::ResetSecondFactor { email } => {
            change(app()?.as_ref(), &email, |conn, id| {
                second_factor::reset(conn, id, ACTOR, now_ms())
            })?;
            format!("{email} signs in with the password alone now")
        }
        Command::Remove { email } => {
            change(app()?.as_ref(), &email, |conn, id| {
                staff::remove(conn, id, ACTOR, now_ms())
            })?;
            format!("{email} is removed")
        }
    };
    say!("{done}");
    Ok(ExitCode::SUCCESS)
}

/// Does something to the account with this email, in one transaction.
fn change<T>(
    app: &App,
    email: &str,
    mut work: impl FnMut(&mut Conn, AdminId) -> Result<T>,
) -> Result<T> {
    app.db.write(|conn| {
        let id = store::find_by_email(conn, email)?;
        let id = id.or_not_found("an admin with this email")?.id;
        work(conn, id)
    })
}

fn print(person: &Person) {
    let company = person.company_id.map_or("-".into(), |id| id.to_string());
    let state = match person.disabled_at {
        Some(_) => "disabled",
        None => "enabled",
    };
    let factor = match person.second_factor {
        true => "second factor",
        false => "password only",
    };
    say!(
        "{}\t{}\t{company}\t{state}\t{factor}",
        person.email,
        person.role
    );
}

fn first_line(file: &Path) -> Result<String> {
    let text = std::fs::read_to_string(file)
        .map_err(|cause| Error::Setup(format!("{} cannot be read: {cause}", file.display())))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
