//! Who is told of which alert: from the threshold on, once per severity, not too often.

use crate::alerts::deliveries::{queue, reached, release};
use crate::alerts::store::{tell, told_since, unclosed};
use crate::alerts::{Alert, Channel, Event, State};
use crate::db::Conn;
use crate::error::Result;
use crate::settings::site::{Setting, Site};

/// Everybody who is told, by which way.
pub fn recipients(site: &Site) -> Vec<(Channel, String)> {
    let mut all = Vec::new();
    if site.is_on(Setting::AlertsEmail) {
        let emails = site.emails(Setting::AlertsRecipients).into_iter();
        all.extend(emails.map(|email| (Channel::Email, email)));
    }
    let webhook = site.text(Setting::WebhookUrl);
    if site.is_on(Setting::AlertsWebhook) && !webhook.is_empty() {
        all.push((Channel::Webhook, webhook.to_owned()));
    }
    all
}

/// Owes the messages about open alerts that nobody was told of, or only of less.
///
/// While the cool-down of an alert's type and company lasts it waits, unless it is more severe than what was told.
pub fn owe(conn: &mut Conn, site: &Site, now: i64) -> Result<()> {
    let per_hour = site.number(Setting::AlertsPerHour);
    release(conn, per_hour, now)?;
    let recipients = recipients(site);
    if recipients.is_empty() {
        return Ok(());
    }
    let cooled = now - site.number(Setting::AlertsCooldownMinutes) * 60;
    let mut told = told_since(conn, cooled)?;
    for alert in unclosed(conn)? {
        let about = (alert.kind, alert.company_id);
        let is_cooling = told
            .get(&about)
            .is_some_and(|told| told.reaches(alert.severity));
        if !is_news(site, &alert) || is_cooling {
            continue;
        }
        for (channel, target) in &recipients {
            let what = (alert.id, Event::Alert);
            queue(conn, what, (*channel, target), per_hour, now)?;
        }
        tell(conn, &alert, now)?;
        told.insert(about, alert.severity);
    }
    Ok(())
}

/// Owes the message that an alert is over to whoever got one that it was there, and is a recipient still.
///
/// What they were not told of they need not hear of; a message that still waits says by itself that it is over.
pub fn owe_end(conn: &mut Conn, site: &Site, alert: &Alert, now: i64) -> Result<()> {
    if !site.is_on(Setting::AlertsOver) {
        return Ok(());
    }
    let per_hour = site.number(Setting::AlertsPerHour);
    let recipients = recipients(site);
    for (channel, target) in reached(conn, alert.id)? {
        if recipients.contains(&(channel, target.clone())) {
            let what = (alert.id, Event::Closed);
            queue(conn, what, (channel, &target), per_hour, now)?;
        }
    }
    Ok(())
}

fn is_news(site: &Site, alert: &Alert) -> bool {
    let known = alert.told.is_some_and(|told| told.reaches(alert.severity));
    alert.state == State::Open && alert.severity.reaches(site.threshold()) && !known
}
