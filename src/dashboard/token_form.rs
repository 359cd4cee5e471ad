//! The form of a new token: as it was typed, and what it comes to.

use super::settings_days::midnight;
use super::settings_form::Pairs;
use super::typed::{Mistakes, Typed};
use crate::fields::Fields;
use crate::ids::CompanyId;
use crate::language::Said;
use crate::proxies::Networks;
use crate::tokens::{NewToken, Scope, Scopes};

const DAY: i64 = 86_400;

/// The form.
#[derive(Debug, Clone)]
pub struct TokenForm {
    /// As it was typed.
    pub typed: Typed,
    /// What is wrong with it.
    pub mistakes: Mistakes<Said>,
}

impl TokenForm {
    /// Before anything is typed: a token that reads all that the company shows.
    pub fn empty() -> Self {
        let mut form = Self::sent(vec![("read".into(), "on".into())]);
        form.typed.set("fields", "all");
        form.typed.tick(Fields::all());
        form
    }

    /// As a browser sent it.
    pub fn sent(pairs: Pairs) -> Self {
        Self {
            typed: Typed::new(pairs),
            mistakes: Mistakes::none(),
        }
    }

    /// Whether a part that is folded away is in use.
    pub fn is_narrowed(&self) -> bool {
        let wrong = ["fields", "networks"].map(|field| self.mistakes.of(field).is_some());
        self.typed.is("fields", "some")
            || !self.typed.text("networks").is_empty()
            || wrong.contains(&true)
    }

    /// The token that was typed; `None` where something is wrong with it, which is noted then.
    pub fn checked(&mut self, company: CompanyId, by: &str, now: i64) -> Option<NewToken> {
        let (name, scopes) = (self.name(), self.scopes());
        let (fields, networks, expires_at) = (self.fields(), self.networks(), self.end(now));
        let name = self.mistakes.keep("name", name);
        let scopes = self.mistakes.keep("scopes", scopes);
        let fields = self.mistakes.keep("fields", fields);
        let networks = self.mistakes.keep("networks", networks);
        let expires_at = self.mistakes.keep("days", expires_at);
        Some(NewToken {
            fields: fields?,
            networks: networks?,
            expires_at: expires_at?,
            ..NewToken::of(company, &name?, scopes?, by)
        })
    }

    fn name(&self) -> Result<String, Said> {
        let name = self.typed.text("name");
        if name.is_empty() || name.chars().count() > 100 {
            return Err(Said::new("Give it a name of at most 100 characters."));
        }
        Ok(name.to_owned())
    }

    fn scopes(&self) -> Result<Scopes, Said> {
        let all = Scope::ALL.iter().copied();
        let ticked: Scopes = all
            .filter(|scope| !self.typed.text(scope.as_str()).is_empty())
            .collect();
        if ticked.is_empty() {
            return Err(Said::new("Tick at least one thing that it may."));
        }
        Ok(ticked)
    }

    fn fields(&self) -> Result<Option<Fields>, Said> {
        let ticked = self.typed.ticked();
        match self.typed.text("fields") {
            "" | "all" if self.typed.has_ticks() && !ticked.is_all() => Err(Said::new(
                "Fields are unticked, but not chosen. Choose “Only these fields”, or tick all of them.",
            )),
            "" | "all" => Ok(None),
            "some" if ticked.is_empty() => Err(Said::new("Tick at least one field.")),
            "some" => Ok(Some(ticked).filter(|ticked| !ticked.is_all())),
            _ => Err(Said::new("Choose one of these.")),
        }
    }

    fn networks(&self) -> Result<Option<Networks>, Said> {
        let typed = self.typed.text("networks");
        if typed.chars().count() > 1000 {
            return Err(Said::new(
                "Give at most 1,000 characters; a network stands for many addresses.",
            ));
        }
        let entries: Vec<&str> = typed.split_whitespace().collect();
        let networks: Networks = entries
            .join(",")
            .parse()
            .map_err(|_| no_network(&entries))?;
        Ok(Some(networks).filter(|networks| !networks.is_empty()))
    }

    fn end(&self, now: i64) -> Result<Option<i64>, Said> {
        let (choice, day) = (self.typed.text("days"), self.typed.text("until"));
        if choice != "date" && !day.is_empty() {
            return Err(Said::new(
                "A last day is given, but not chosen. Choose “After this day”, or clear the day.",
            ));
        }
        match choice {
            "" => Ok(None),
            "date" => {
                let end = midnight(day).map(|begin| begin + DAY);
                let ahead = end.filter(|end| *end > now);
                ahead
                    .map(Some)
                    .ok_or_else(|| Said::new("Give a day from today on, such as 2027-01-31."))
            }
            days => {
                let days = days
                    .parse::<i64>()
                    .ok()
                    .filter(|days| (1..=3650).contains(days));
                let days = days.ok_or_else(|| Said::new("Choose 1 to 3,650 days."))?;
                Ok(Some(now + days * DAY))
            }
        }
    }
}

/// What is wrong with the first entry that is no network.
fn no_network(entries: &[&str]) -> Said {
    let entries = entries.iter().flat_map(|entry| entry.split(','));
    let wrong = |entry: &&str| entry.parse::<Networks>().is_err();
    Said::new(
        "“{entry}” is no address and no network; use addresses and networks with commas between, such as 127.0.0.1,10.0.0.0/8.",
    )
    .with("entry", entries.into_iter().find(wrong).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(pairs: &[(&str, &str)]) -> (Option<NewToken>, TokenForm) {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut form = TokenForm::sent(pairs.iter().map(own).collect());
        let new = form.checked(CompanyId(42), "ada", 1_800_000_000);
        (new, form)
    }

    #[test]
    fn every_mistake_is_told_at_its_field() {
        let (new, form) = checked(&[
            ("name", " "),
            ("fields", "all"),
            ("field", "email"),
            ("networks", "10.0.0.0/8 10.0.0.0/33"),
            ("days", "date"),
            ("until", "2027-01-14"),
        ]);

        assert!(new.is_none());
        for field in ["name", "scopes", "fields", "days"] {
            assert!(form.mistakes.of(field).is_some(), "{field}");
        }
        let networks = form.mistakes.of("networks").map(Said::to_string);
        let networks = networks.unwrap_or_default();
        assert!(
            networks.starts_with("“10.0.0.0/33” is no address"),
            "{networks}"
        );
    }

    #[test]
    fn what_is_typed_is_what_the_token_may() {
        let (new, _) = checked(&[
            ("name", "Power BI"),
            ("read", "on"),
            ("fields", "some"),
            ("field", "status"),
            ("networks", "10.0.0.0/8\r\n::1"),
            ("days", "date"),
            ("until", "2027-01-15"),
        ]);

        let new = new.expect("nothing is wrong");
        assert_eq!(
            new.fields.map(|fields| fields.to_string()),
            Some("status".into())
        );
        assert_eq!(
            new.networks.map(|all| all.to_string()),
            Some("10.0.0.0/8,::1".into())
        );
        assert_eq!(new.expires_at, Some(1_800_057_600), "the day itself counts");
    }
}
