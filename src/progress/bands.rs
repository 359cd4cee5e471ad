//! Bands: where the percentage of a row lies.

use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::db::Store;
use crate::moodle::RowState;
use crate::schema::progress;

crate::words! {
    /// Where a percentage lies. Every row lies in exactly one band; percentages are compared as they are, unrounded.
    Band {
        /// Nothing that counts is done.
        Nothing = "0",
        /// Above 0, at most 25.
        Quarter = "1-25",
        /// Above 25, at most 50.
        Half = "26-50",
        /// Above 50, at most 75.
        ThreeQuarters = "51-75",
        /// Above 75, below 100.
        Almost = "76-99",
        /// All of it.
        All = "100",
        /// Moodle tracks nothing, which is not 0.
        Unknown = "unknown",
    }
}

impl Band {
    /// The band of a percentage.
    pub fn of(percentage: Option<f64>) -> Self {
        match percentage {
            None => Self::Unknown,
            Some(value) if value <= 0.0 => Self::Nothing,
            Some(value) if value <= 25.0 => Self::Quarter,
            Some(value) if value <= 50.0 => Self::Half,
            Some(value) if value <= 75.0 => Self::ThreeQuarters,
            Some(value) if value < 100.0 => Self::Almost,
            Some(_) => Self::All,
        }
    }

    /// Whether a row lies in it; nothing is known of erased people, so they lie in none.
    pub(super) fn holds(
        self,
    ) -> Box<dyn BoxableExpression<progress::table, Store, SqlType = Bool>> {
        let above = |low: f64| progress::percentage.gt(low).assume_not_null();
        let most = |high: f64| progress::percentage.le(high).assume_not_null();
        match self {
            Self::Nothing => Box::new(most(0.0)),
            Self::Quarter => Box::new(above(0.0).and(most(25.0))),
            Self::Half => Box::new(above(25.0).and(most(50.0))),
            Self::ThreeQuarters => Box::new(above(50.0).and(most(75.0))),
            Self::Almost => {
                let below = progress::percentage.lt(100.0).assume_not_null();
                Box::new(above(75.0).and(below))
            }
            Self::All => Box::new(progress::percentage.ge(100.0).assume_not_null()),
            Self::Unknown => {
                let known = progress::state.ne(RowState::Erased);
                Box::new(progress::percentage.is_null().and(known))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_zero_is_nothing_only_a_hundred_is_all_and_unknown_is_neither() {
        let bands = [0.0, 0.01, 25.0, 25.01, 50.0, 75.0, 75.01, 99.99, 100.0]
            .map(|value| Band::of(Some(value)));

        assert_eq!(
            bands.map(Band::as_str),
            [
                "0", "1-25", "1-25", "26-50", "26-50", "51-75", "76-99", "76-99", "100"
            ]
        );
        assert_eq!(Band::of(None), Band::Unknown);
    }
}
