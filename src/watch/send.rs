//! The sender: takes what is owed, one message at a time, and notes what the other side said.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::mail::{self, Letter};
use super::message::Message;
use super::{Busy, tell, webhook};
use crate::alerts::{Alert, Channel, Delivery, Event, deliveries};
use crate::app::App;
use crate::companies;
use crate::error::Result;
use crate::settings::site::{self, Setting, Site};
use crate::time::now;

/// Messages that one round takes.
const ROUND: i64 = 50;
/// How long a test takes at most before what is left of it is not tried.
const TEST: Duration = Duration::from_secs(20);
/// Whether this process sends e-mails already: a mail server may take long.
static MAILING: AtomicBool = AtomicBool::new(false);
/// Whether it posts to the webhook already.
static POSTING: AtomicBool = AtomicBool::new(false);

/// Sends what is due, each way on a thread of its own: none waits for the other side of another.
pub fn begin(app: &Arc<App>) -> Result<()> {
    begin_by(app, Channel::Email, &MAILING)?;
    begin_by(app, Channel::Webhook, &POSTING)
}

fn begin_by(app: &Arc<App>, channel: Channel, sending: &'static AtomicBool) -> Result<()> {
    let due = app
        .db
        .read(|conn| deliveries::due(conn, channel, now(), 1))?;
    let Some(busy) = Busy::with(sending).filter(|_| !due.is_empty()) else {
        return Ok(());
    };
    let app = app.clone();
    let work = move || {
        let _busy = busy;
        let mut round = Ok(Round { tried: 1, sent: 0 });
        while matches!(round, Ok(Round { tried: 1.., .. })) {
            round = one_round(&app, channel, now(), 1); // a message may take long: each has its own moment
        }
        if let Err(error) = round {
            log::warn!(error:? = error; "messages about alerts could not be sent; trying again");
        }
    };
    std::thread::Builder::new()
        .name("alerts".into())
        .spawn(work)?;
    Ok(())
}

/// What came of a round.
struct Round {
    tried: usize,
    sent: usize,
}

/// Sends what is due; returns how many messages the other side took. Blocking.
///
/// A process that dies between sending and noting sends the message again: told twice, never not at all.
pub fn due(app: &App, now: i64) -> Result<usize> {
    let mut sent = 0;
    for channel in Channel::ALL {
        sent += one_round(app, *channel, now, ROUND)?.sent;
    }
    Ok(sent)
}

fn one_round(app: &App, channel: Channel, now: i64, most: i64) -> Result<Round> {
    let site = app.db.read(site::read)?;
    let mut round = Round { tried: 0, sent: 0 };
    let due = app
        .db
        .read(|conn| deliveries::due(conn, channel, now, most))?;
    for (delivery, alert) in due {
        round.tried += 1;
        if app
            .db
            .write(|conn| deliveries::claim(conn, &delivery, now))?
        {
            round.sent += usize::from(attempt(app, &site, &delivery, alert, now)?);
        }
    }
    Ok(round)
}

fn attempt(app: &App, site: &Site, delivery: &Delivery, alert: Alert, now: i64) -> Result<bool> {
    let to = (delivery.channel, delivery.target.clone());
    if !tell::recipients(site).contains(&to) {
        let why = "not sent: the recipient was taken out of the settings";
        app.db
            .write(|conn| deliveries::give_up(conn, delivery, why, now))?;
        return Ok(false);
    }
    let held = app
        .db
        .read(|conn| deliveries::held_for(conn, to.0, &to.1))?;
    let (with, others) = held.into_iter().map(|(one, alert)| (one.id, alert)).unzip();
    let with: Vec<_> = with;
    let message = of(app, (alert, delivery.event), others)?;
    let name = format!("alert-{}-{}", delivery.alert_id, delivery.id);
    match hand_over(
        app,
        site,
        delivery.channel,
        &delivery.target,
        (&message, name, now),
    ) {
        Ok(said) => {
            app.db
                .write(|conn| deliveries::sent(conn, delivery, &with, &said, now))?;
            Ok(true)
        }
        Err(why) => {
            log::warn!(alert = delivery.alert_id.0, channel = delivery.channel.as_str(), why; "a message about an alert was not taken");
            app.db
                .write(|conn| deliveries::failed(conn, delivery, &why, now))?;
            Ok(false)
        }
    }
}

fn of(app: &App, (alert, event): (Alert, Event), others: Vec<Alert>) -> Result<Message> {
    let company = match alert.company_id {
        Some(id) => app.db.read(|conn| companies::store::find(conn, id))?,
        None => None,
    };
    let listening = || format!("http://{}", app.config.listen);
    Ok(Message {
        alert,
        event,
        company: company.map(|(company, _)| company.name),
        others,
        site: app.config.public_url.clone().unwrap_or_else(listening),
    })
}

fn hand_over(
    app: &App,
    site: &Site,
    channel: Channel,
    target: &str,
    (message, name, now): (&Message, String, i64),
) -> std::result::Result<String, String> {
    match channel {
        Channel::Email => {
            let letter = Letter {
                subject: message.subject(),
                text: message.text(),
                html: message.html(),
                name,
            };
            mail::send(&app.config, site, target, letter)
        }
        Channel::Webhook => webhook::send(&app.config, target, &message.json(), now),
    }
}

/// What came of one test message: to whom, and what the other side said or why it was not asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// To whom; of a webhook only the host.
    pub target: String,
    /// What was said; `None` where no time was left to try.
    pub said: Option<std::result::Result<String, String>>,
}

/// Sends a test e-mail to every recipient, whether e-mail is on or not; those whom a slow server leaves no time for are not
/// tried. Blocking.
pub fn test_email(app: &App, site: &Site, by: &str, now: i64) -> Vec<Tested> {
    let to = site.emails(Setting::AlertsRecipients).into_iter();
    let text = format!(
        "This is a test. {by} asked for it. Alerts of ALX Report API will come this way.\n"
    );
    let begun = Instant::now();
    to.map(|target| {
        if begun.elapsed() > TEST {
            return Tested { target, said: None };
        }
        let letter = Letter {
            subject: "[ALX Report API] Test".into(),
            html: format!(
                "<!doctype html><html lang=\"en\"><body><p>{}</p></body></html>",
                super::message::escaped(text.trim())
            ),
            text: text.clone(),
            name: format!("test-{now}-{}", crate::ids::random_hex::<4>()),
        };
        let said = Some(mail::send(&app.config, site, &target, letter));
        Tested { target, said }
    })
    .collect()
}

/// Posts a test to the webhook, whether it is on or not; `None` where no address is set. Blocking.
pub fn test_webhook(app: &App, site: &Site, by: &str, now: i64) -> Option<Tested> {
    let address = site.text(Setting::WebhookUrl);
    if address.is_empty() {
        return None;
    }
    let body = serde_json::json!({"event": "test", "asked_by": by});
    let said = webhook::send(&app.config, address, &body, now);
    Some(Tested {
        target: site::host_only(address),
        said: Some(said),
    })
}
