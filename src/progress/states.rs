//! Which rows a list shows by their state: the active ones, unless others are asked for.

use std::fmt;
use std::str::FromStr;

use crate::moodle::RowState;

/// The states of a list, in one fixed order and without repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct States(Vec<RowState>);

impl Default for States {
    fn default() -> Self {
        Self(vec![RowState::Active])
    }
}

impl States {
    /// Every state: current rows and tombstones.
    pub fn any() -> Self {
        Self(RowState::ALL.to_vec())
    }

    /// Only one state.
    pub fn only(state: RowState) -> Self {
        Self(vec![state])
    }

    /// The states.
    pub fn list(&self) -> &[RowState] {
        &self.0
    }

    /// Whether these are the rows that are shown when nobody asks for others.
    pub fn is_usual(&self) -> bool {
        self.0 == [RowState::Active]
    }

    /// Whether no row is left out.
    pub fn is_any(&self) -> bool {
        self.0.len() == RowState::ALL.len()
    }
}

/// `any`, or words with commas between; the error names the word that is none.
impl FromStr for States {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "any" {
            return Ok(Self::any());
        }
        let words: Vec<&str> = text.split(',').collect();
        let state = |word: &str| {
            RowState::from_str(word).map_err(|words| {
                let short: String = word.chars().take(40).collect();
                format!("“{short}” is no state; {words}, or any")
            })
        };
        let wanted = words
            .into_iter()
            .map(state)
            .collect::<Result<Vec<RowState>, String>>()?;
        let known = RowState::ALL.iter().copied();
        Ok(Self(known.filter(|state| wanted.contains(state)).collect()))
    }
}

impl fmt::Display for States {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.0.iter().map(|state| state.as_str()).collect();
        out.write_str(&words.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_one_spelling_whatever_their_order() {
        let twice: States = "left,deleted,left".parse().expect("states");
        let turned: States = "deleted,left".parse().expect("states");

        assert_eq!(twice, turned);
        assert_eq!(twice.to_string(), turned.to_string());
        assert!("any".parse::<States>().expect("any").is_any());
        assert!("active".parse::<States>().expect("active").is_usual());
    }

    #[test]
    fn a_word_that_is_no_state_is_named() {
        for wrong in ["", "gone", "left,", "Active", "left, deleted", "any,left"] {
            let word = wrong.split(',').next_back().unwrap_or_default();
            let error = wrong.parse::<States>().expect_err(wrong);
            let named = error.contains(&format!("“{word}”")) || error.contains("“any”");
            assert!(named, "{error}");
        }
    }
}
