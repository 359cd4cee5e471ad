//! Pages of a list: which one is shown, and the addresses of its neighbours.

/// One page of a longer list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages {
    /// From 1.
    pub number: i64,
    /// At least 1, also of an empty list.
    pub last: i64,
    /// Entries on all pages together.
    pub total: i64,
    /// The first and last entry shown, from 1; both 0 where there is none.
    pub shown: (i64, i64),
    base: String,
}

impl Pages {
    /// Where a wanted page lies among `total` entries; a page beyond the last one is the last one.
    ///
    /// `base` is the address without its page number, with a `?`.
    pub fn new(wanted: i64, per_page: i64, total: i64, base: String) -> Self {
        let last = ((total + per_page - 1) / per_page).max(1);
        let number = wanted.clamp(1, last);
        let first = (number - 1) * per_page + 1;
        let shown = if total == 0 {
            (0, 0)
        } else {
            (first, (first + per_page - 1).min(total))
        };
        Self {
            number,
            last,
            total,
            shown,
            base,
        }
    }

    /// How many entries come before this page.
    pub fn offset(number: i64, per_page: i64) -> i64 {
        (number.clamp(1, 1_000_000) - 1) * per_page
    }

    /// The page before, if there is one.
    pub fn previous(&self) -> Option<String> {
        (self.number > 1).then(|| self.address(self.number - 1))
    }

    /// The page after, if there is one.
    pub fn next(&self) -> Option<String> {
        (self.number < self.last).then(|| self.address(self.number + 1))
    }

    fn address(&self, number: i64) -> String {
        let joint = if self.base.ends_with('?') { "" } else { "&" };
        format!("{}{joint}page={number}", self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_knows_its_place_and_its_neighbours() {
        let pages = Pages::new(2, 50, 120, "/x?".into());

        assert_eq!((pages.last, pages.shown), (3, (51, 100)));
        assert_eq!(pages.previous(), Some("/x?page=1".into()));
        assert_eq!(pages.next(), Some("/x?page=3".into()));
    }

    #[test]
    fn a_page_beyond_the_end_is_the_last_one() {
        let pages = Pages::new(99, 50, 120, "/x?a=b".into());

        assert_eq!(
            (pages.number, pages.shown, pages.next()),
            (3, (101, 120), None)
        );
        assert_eq!(pages.previous(), Some("/x?a=b&page=2".into()));
    }

    #[test]
    fn an_empty_list_has_one_empty_page() {
        let pages = Pages::new(1, 50, 0, "/x?".into());

        assert_eq!((pages.last, pages.shown), (1, (0, 0)));
    }
}
