//! Messages about alerts: one row per alert and recipient, from the moment it is owed until it is sent or given up.

use diesel::prelude::*;

use super::Alert;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{AlertId, DeliveryId};
use crate::schema::{alert_deliveries, alerts};

crate::words! {
    /// The way of a message.
    Channel {
        /// By e-mail, to one address.
        Email = "email",
        /// Posted to the webhook.
        Webhook = "webhook",
    }
}

crate::words! {
    /// What a message says of its alert.
    Event {
        /// It needs somebody.
        Alert = "alert",
        /// It is over.
        Closed = "closed",
    }
}

crate::words! {
    /// What has become of a message.
    DeliveryState {
        /// It is on its way, or will be tried again.
        Waiting = "waiting",
        /// There were too many: it goes with the next message that there is room for.
        Held = "held",
        /// The other side took it.
        Sent = "sent",
        /// It was given up.
        Failed = "failed",
    }
}

/// One message. Times are UTC seconds.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = alert_deliveries)]
pub struct Delivery {
    /// Its number.
    pub id: DeliveryId,
    /// About which alert.
    pub alert_id: AlertId,
    /// What it says of it.
    pub event: Event,
    /// Its way.
    pub channel: Channel,
    /// To whom.
    pub target: String,
    /// What has become of it.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i32,
    /// What the other side said last, or why it was not asked.
    pub detail: String,
    /// Since when it is owed.
    pub created_at: i64,
    /// When it is tried, or tried again.
    pub next_at: Option<i64>,
    /// When it was sent or given up.
    pub done_at: Option<i64>,
}

/// How long after each failed attempt the next one comes.
const PAUSES: [i64; 4] = [60, 300, 1800, 7200];
/// How long one attempt may take; a process that dies during it leaves the message to be tried again after this.
const LEASE: i64 = 300;
const HOUR: i64 = 3600;

/// Owes a message. Call it in the transaction that opens or closes the alert.
pub fn queue(
    conn: &mut Conn,
    (alert, event): (AlertId, Event),
    (channel, target): (Channel, &str),
    per_hour: i64,
    now: i64,
) -> Result<()> {
    let has_room = messages(conn, (channel, target), now)? < per_hour;
    let state = match has_room {
        true => DeliveryState::Waiting,
        false => DeliveryState::Held,
    };
    diesel::insert_into(alert_deliveries::table)
        .values((
            alert_deliveries::alert_id.eq(alert),
            alert_deliveries::event.eq(event),
            alert_deliveries::channel.eq(channel),
            alert_deliveries::target.eq(target),
            alert_deliveries::state.eq(state),
            alert_deliveries::attempts.eq(0),
            alert_deliveries::detail.eq(""),
            alert_deliveries::created_at.eq(now),
            alert_deliveries::next_at.eq(has_room.then_some(now)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Whom a message about an alert reached: each once.
pub fn reached(conn: &mut Conn, alert: AlertId) -> Result<Vec<(Channel, String)>> {
    let sent = alert_deliveries::table
        .filter(alert_deliveries::alert_id.eq(alert))
        .filter(alert_deliveries::state.eq(DeliveryState::Sent))
        .select((alert_deliveries::channel, alert_deliveries::target))
        .distinct();
    Ok(sent.load(conn)?)
}

/// Messages to a recipient that wait, or were sent or given up within the last hour.
fn messages(conn: &mut Conn, (channel, target): (Channel, &str), now: i64) -> Result<i64> {
    let to = alert_deliveries::table
        .filter(alert_deliveries::channel.eq(channel))
        .filter(alert_deliveries::target.eq(target));
    let waiting: i64 = to
        .filter(alert_deliveries::state.eq(DeliveryState::Waiting))
        .count()
        .get_result(conn)?;
    let done: i64 = to
        .filter(alert_deliveries::done_at.gt(now - HOUR))
        .filter(alert_deliveries::attempts.gt(0))
        .count()
        .get_result(conn)?;
    Ok(waiting + done)
}

/// Lets the newest held message of each recipient go where there is room again; the others go with it.
pub fn release(conn: &mut Conn, per_hour: i64, now: i64) -> Result<()> {
    let held: Vec<(Channel, String)> = alert_deliveries::table
        .filter(alert_deliveries::state.eq(DeliveryState::Held))
        .select((alert_deliveries::channel, alert_deliveries::target))
        .distinct()
        .load(conn)?;
    for (channel, target) in held {
        if messages(conn, (channel, &target), now)? >= per_hour {
            continue;
        }
        if let Some((newest, _)) = held_for(conn, channel, &target)?.pop() {
            diesel::update(alert_deliveries::table.find(newest.id))
                .set((
                    alert_deliveries::state.eq(DeliveryState::Waiting),
                    alert_deliveries::next_at.eq(now),
                ))
                .execute(conn)?;
        }
    }
    Ok(())
}

/// Held messages of a recipient with their alerts, oldest first.
pub fn held_for(conn: &mut Conn, channel: Channel, target: &str) -> Result<Vec<(Delivery, Alert)>> {
    let found = alert_deliveries::table
        .inner_join(alerts::table)
        .filter(alert_deliveries::channel.eq(channel))
        .filter(alert_deliveries::target.eq(target))
        .filter(alert_deliveries::state.eq(DeliveryState::Held))
        .order(alert_deliveries::id)
        .select((Delivery::as_select(), Alert::as_select()))
        .load(conn)?;
    Ok(found)
}

/// Messages that are due by one way, longest waiting first.
pub fn due(
    conn: &mut Conn,
    channel: Channel,
    now: i64,
    limit: i64,
) -> Result<Vec<(Delivery, Alert)>> {
    let found = alert_deliveries::table
        .inner_join(alerts::table)
        .filter(alert_deliveries::channel.eq(channel))
        .filter(alert_deliveries::next_at.le(now))
        .order((alert_deliveries::next_at, alert_deliveries::id))
        .limit(limit)
        .select((Delivery::as_select(), Alert::as_select()))
        .load(conn)?;
    Ok(found)
}

/// Takes a message for one attempt; `false` when somebody was quicker.
pub fn claim(conn: &mut Conn, delivery: &Delivery, now: i64) -> Result<bool> {
    let as_read = alert_deliveries::table
        .find(delivery.id)
        .filter(alert_deliveries::attempts.eq(delivery.attempts))
        .filter(alert_deliveries::state.eq(DeliveryState::Waiting))
        .filter(alert_deliveries::next_at.le(now));
    let taken = diesel::update(as_read)
        .set((
            alert_deliveries::attempts.eq(delivery.attempts + 1),
            alert_deliveries::next_at.eq(now + LEASE),
        ))
        .execute(conn)?;
    Ok(taken == 1)
}

/// Notes that the other side took it, and what went with it.
pub fn sent(
    conn: &mut Conn,
    delivery: &Delivery,
    with: &[DeliveryId],
    said: &str,
    now: i64,
) -> Result<()> {
    end(conn, delivery.id, DeliveryState::Sent, said, now)?;
    for id in with {
        let told = format!("in one message with that about alert {}", delivery.alert_id);
        end(conn, *id, DeliveryState::Sent, &told, now)?;
    }
    Ok(())
}

/// Notes a failed attempt: it is tried again after 1, 5 and 30 minutes and 2 hours, and then given up.
pub fn failed(conn: &mut Conn, delivery: &Delivery, said: &str, now: i64) -> Result<()> {
    let tried = usize::try_from(delivery.attempts).unwrap_or(usize::MAX);
    let Some(pause) = PAUSES.get(tried) else {
        return end(conn, delivery.id, DeliveryState::Failed, said, now);
    };
    diesel::update(alert_deliveries::table.find(delivery.id))
        .set((
            alert_deliveries::detail.eq(said),
            alert_deliveries::next_at.eq(now + pause),
        ))
        .execute(conn)?;
    Ok(())
}

/// Gives a message up: nobody is told of it any more.
pub fn give_up(conn: &mut Conn, delivery: &Delivery, why: &str, now: i64) -> Result<()> {
    end(conn, delivery.id, DeliveryState::Failed, why, now)
}

fn end(
    conn: &mut Conn,
    id: DeliveryId,
    state: DeliveryState,
    detail: &str,
    now: i64,
) -> Result<()> {
    diesel::update(alert_deliveries::table.find(id))
        .set((
            alert_deliveries::state.eq(state),
            alert_deliveries::detail.eq(detail),
            alert_deliveries::next_at.eq(None::<i64>),
            alert_deliveries::done_at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}

/// The messages about an alert, in the order in which they were owed.
pub fn of_alert(conn: &mut Conn, alert: AlertId) -> Result<Vec<Delivery>> {
    let found = alert_deliveries::table
        .filter(alert_deliveries::alert_id.eq(alert))
        .order(alert_deliveries::id)
        .select(Delivery::as_select())
        .load(conn)?;
    Ok(found)
}

/// How many messages were given up within the last day: the inbox says so.
pub fn given_up(conn: &mut Conn, now: i64) -> Result<i64> {
    let failed = alert_deliveries::table
        .filter(alert_deliveries::state.eq(DeliveryState::Failed))
        .filter(alert_deliveries::done_at.gt(now - 24 * HOUR));
    Ok(failed.count().get_result(conn)?)
}
