//! Messages by e-mail: over TLS unless somebody said otherwise, never longer than the timeout.

use std::time::Duration;

use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport as _};

use crate::config::{Config, Secret};
use crate::error::with_causes;
use crate::settings::site::{Security, Setting, Site};

/// How long one answer of the mail server may take.
const ANSWER: Duration = Duration::from_secs(15);

/// What a message is made of.
pub struct Letter {
    /// Its subject, of one line.
    pub subject: String,
    /// As plain text.
    pub text: String,
    /// As HTML.
    pub html: String,
    /// A name that is the same when it is tried again, so that mail programs show it once.
    pub name: String,
}

/// Sends a letter to one address; gives what the server answered, or why it was not sent.
pub fn send(config: &Config, site: &Site, to: &str, letter: Letter) -> Result<String, String> {
    let message = message(site, to, letter)?;
    let transport = transport(config.smtp_password.as_ref(), site)?;
    let answer = transport
        .send(&message)
        .map_err(|cause| with_causes(&cause))?;
    let said: Vec<&str> = answer.message().collect();
    Ok(format!("{} {}", answer.code(), said.join(" "))
        .trim()
        .to_owned())
}

fn message(site: &Site, to: &str, letter: Letter) -> Result<Message, String> {
    let from = site.text(Setting::SmtpFrom);
    if from.is_empty() {
        return Err("no address to send from is set".into());
    }
    let mailbox = |text: &str| {
        text.parse::<Mailbox>()
            .map_err(|cause| format!("{text}: {cause}"))
    };
    let host = from.rsplit_once('@').map_or("alx", |(_, host)| host);
    let message = Message::builder()
        .from(mailbox(from)?)
        .to(mailbox(to)?)
        .subject(letter.subject)
        .message_id(Some(format!("<{}@{host}>", letter.name)))
        .date_now()
        .multipart(MultiPart::alternative_plain_html(letter.text, letter.html));
    message.map_err(|cause| with_causes(&cause))
}

fn transport(password: Option<&Secret>, site: &Site) -> Result<SmtpTransport, String> {
    let host = site.text(Setting::SmtpHost);
    if host.is_empty() {
        return Err("no mail server is set".into());
    }
    let parameters = || TlsParameters::new(host.to_owned()).map_err(|cause| with_causes(&cause));
    let tls = match site.smtp_security() {
        Security::Starttls => Tls::Required(parameters()?),
        Security::Tls => Tls::Wrapper(parameters()?),
        Security::None => Tls::None,
    };
    let port = u16::try_from(site.number(Setting::SmtpPort)).unwrap_or(587);
    let builder = SmtpTransport::builder_dangerous(host)
        .port(port)
        .tls(tls)
        .timeout(Some(ANSWER));
    let user = site.text(Setting::SmtpUser);
    if user.is_empty() {
        return Ok(builder.build());
    }
    let password = password.ok_or("a user name is set, but ALX_SMTP_PASSWORD is not")?;
    let credentials = Credentials::new(user.to_owned(), password.reveal().to_owned());
    Ok(builder.credentials(credentials).build())
}
