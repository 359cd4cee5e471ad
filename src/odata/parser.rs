//! Reads a `$filter` into a tree whose types fit, within limits of depth and size.

use std::vec::IntoIter;

use super::filter::{Comparison, Filter, Function, Operand, Refusal, visible};
use super::lexer::{Token, words};
use super::model::{Kind, Set};
use crate::fields::Fields;

/// Most parentheses and `not`s within one another.
const DEEPEST: usize = 50;
/// Most comparisons, functions and list entries.
const MOST: usize = 500;
/// Most text functions: each reads every row's text, and no index helps.
const MOST_TEXTS: usize = 50;

/// Operators that OData has and we do not.
const CALCULATE: [&str; 7] = ["add", "sub", "mul", "div", "divby", "mod", "has"];

/// Reads a filter of a set; a property that the reader may not see is refused.
pub fn read(text: &str, set: Set, fields: Fields) -> Result<Filter, Refusal> {
    let words = words(text).map_err(Refusal::Wrong)?;
    let mut parser = Parser {
        words: words.into_iter().peekable(),
        set,
        fields,
        size: 0,
        texts: 0,
    };
    let filter = parser.either(0)?;
    match parser.words.next() {
        None => Ok(filter),
        Some(more) => Err(unexpected(Some(&more))),
    }
}

struct Parser {
    words: std::iter::Peekable<IntoIter<Token>>,
    set: Set,
    fields: Fields,
    size: usize,
    texts: usize,
}

impl Parser {
    fn either(&mut self, depth: usize) -> Result<Filter, Refusal> {
        let mut parts = vec![self.both(depth)?];
        while self.takes("or") {
            parts.push(self.both(depth)?);
        }
        Ok(joined(parts, Filter::Or))
    }

    fn both(&mut self, depth: usize) -> Result<Filter, Refusal> {
        let mut parts = vec![self.one(depth)?];
        while self.takes("and") {
            parts.push(self.one(depth)?);
        }
        Ok(joined(parts, Filter::And))
    }

    fn one(&mut self, depth: usize) -> Result<Filter, Refusal> {
        if depth > DEEPEST {
            return Err(Refusal::Wrong(format!("more than {DEEPEST} levels deep")));
        }
        if self.takes("not") {
            return Ok(Filter::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.words.next_if_eq(&Token::Open).is_some() {
            let inner = self.either(depth + 1)?;
            self.must(&Token::Close)?;
            return Ok(inner);
        }
        self.grow()?;
        match self.words.next() {
            Some(Token::Name(name)) if self.words.peek() == Some(&Token::Open) => {
                self.function(&name)
            }
            first => {
                let left = self.operand(first)?;
                self.comparison(left)
            }
        }
    }

    fn function(&mut self, name: &str) -> Result<Filter, Refusal> {
        let function = function_of(name)?;
        self.texts += 1;
        if self.texts > MOST_TEXTS {
            let names: Vec<&str> = Function::ALL
                .iter()
                .copied()
                .map(Function::as_str)
                .collect();
            let text = format!(
                "more than {MOST_TEXTS} of the functions {}",
                names.join(", ")
            );
            return Err(Refusal::Wrong(text));
        }
        self.must(&Token::Open)?;
        let first = self.words.next();
        let text = self.operand(first)?;
        self.must(&Token::Comma)?;
        let second = self.words.next();
        let part = self.operand(second)?;
        self.must(&Token::Close)?;
        for operand in [&text, &part] {
            if !matches!(operand.kind(), Some(Kind::Text)) {
                return Err(Refusal::Wrong(format!("{function} takes two texts")));
            }
        }
        Ok(Filter::Text(function, text, part))
    }

    fn comparison(&mut self, left: Operand) -> Result<Filter, Refusal> {
        if self.takes("in") {
            return self.list(left);
        }
        let operator = match self.words.peek() {
            Some(Token::Name(word)) => word.parse::<Comparison>().ok(),
            _ => None,
        };
        let Some(operator) = operator else {
            return match left {
                Operand::Bool(always) => Ok(Filter::Always(always)),
                Operand::Property(property) if property.kind == Kind::Bool => {
                    Ok(Filter::Is(property))
                }
                _ => Err(self.no_comparison()),
            };
        };
        self.words.next();
        let next = self.words.next();
        let right = self.operand(next)?;
        fits(&left, &right)?;
        match self.words.peek() {
            Some(Token::Name(word)) if CALCULATE.contains(&word.as_str()) => Err(unsupported(word)),
            _ => Ok(Filter::Compare(left, operator, right)),
        }
    }

    /// Why there is no comparison after a value.
    fn no_comparison(&mut self) -> Refusal {
        match self.words.peek() {
            Some(Token::Name(word)) if CALCULATE.contains(&word.as_str()) => unsupported(word),
            other => unexpected(other),
        }
    }

    fn list(&mut self, left: Operand) -> Result<Filter, Refusal> {
        self.must(&Token::Open)?;
        let mut entries = Vec::new();
        loop {
            self.grow()?;
            let next = self.words.next();
            let entry = self.operand(next)?;
            fits(&left, &entry)?;
            entries.push(entry);
            if self.words.next_if_eq(&Token::Comma).is_none() {
                break;
            }
        }
        self.must(&Token::Close)?;
        Ok(Filter::In(left, entries))
    }

    fn operand(&mut self, token: Option<Token>) -> Result<Operand, Refusal> {
        Ok(match token {
            Some(Token::Text(text)) => Operand::Text(text),
            Some(Token::Int(number)) => Operand::Int(number),
            Some(Token::Double(number)) => Operand::Double(number),
            Some(Token::Time(seconds, rest)) => Operand::Time(seconds, rest),
            Some(Token::Name(name)) => match name.as_str() {
                "null" => Operand::Null,
                "true" => Operand::Bool(true),
                "false" => Operand::Bool(false),
                name if self.calls(name) => return Err(no_value(name)),
                name if is_elsewhere(name) => return Err(unsupported(name)),
                name => Operand::Property(visible(self.set, self.fields, name)?),
            },
            other => return Err(unexpected(other.as_ref())),
        })
    }

    /// Whether a name that is no property's stands before a parenthesis.
    fn calls(&mut self, name: &str) -> bool {
        self.set.property(name).is_none() && self.words.peek() == Some(&Token::Open)
    }

    fn takes(&mut self, word: &str) -> bool {
        let is = |token: &Token| matches!(token, Token::Name(name) if name == word);
        self.words.next_if(is).is_some()
    }

    fn must(&mut self, wanted: &Token) -> Result<(), Refusal> {
        match self.words.next() {
            Some(found) if found == *wanted => Ok(()),
            other => Err(unexpected(other.as_ref())),
        }
    }

    fn grow(&mut self) -> Result<(), Refusal> {
        self.size += 1;
        if self.size > MOST {
            return Err(Refusal::Wrong(format!("more than {MOST} comparisons")));
        }
        Ok(())
    }
}

fn function_of(name: &str) -> Result<Function, Refusal> {
    name.parse().map_err(|known| {
        let short: String = name.chars().take(40).collect();
        Refusal::Unsupported(format!("the function “{short}” is not there; {known}"))
    })
}

/// Whether a name leads elsewhere or turns a value around: `$it`, `Course/Name`, `-UserId`.
fn is_elsewhere(name: &str) -> bool {
    name.starts_with(['$', '-']) || name.contains(['/', ':'])
}

fn unsupported(word: &str) -> Refusal {
    let short: String = word.chars().take(40).collect();
    Refusal::Unsupported(format!(
        "“{short}” is not there; compare properties with values"
    ))
}

/// A function where a value is wanted: ours give none.
fn no_value(name: &str) -> Refusal {
    let token = || Token::Name(name.to_owned());
    function_of(name)
        .err()
        .unwrap_or_else(|| unexpected(Some(&token())))
}

fn joined(mut parts: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            join(parts)
        }
    }
}

impl Operand {
    /// Its type; `None` of null.
    fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Property(property) => property.kind,
            Self::Text(_) => Kind::Text,
            Self::Int(_) => Kind::Int,
            Self::Double(_) => Kind::Double,
            Self::Time(..) => Kind::Time,
            Self::Bool(_) => Kind::Bool,
            Self::Null => return None,
        })
    }
}

fn fits(left: &Operand, right: &Operand) -> Result<(), Refusal> {
    let number = |kind| matches!(kind, Kind::Int | Kind::Double);
    match (left.kind(), right.kind()) {
        (Some(left), Some(right)) if left != right && !(number(left) && number(right)) => {
            let text = format!("{} cannot be compared with {}", left.edm(), right.edm());
            Err(Refusal::Wrong(text))
        }
        _ => Ok(()),
    }
}

fn unexpected(token: Option<&Token>) -> Refusal {
    Refusal::Wrong(match token {
        None => "it ends too early".into(),
        Some(Token::Name(name)) => {
            let short: String = name.chars().take(40).collect();
            format!("“{short}” cannot stand where it stands")
        }
        Some(Token::Open) => "“(” cannot stand where it stands".into(),
        Some(Token::Close) => "“)” cannot stand where it stands".into(),
        Some(Token::Comma) => "“,” cannot stand where it stands".into(),
        Some(_) => "a value cannot stand where it stands".into(),
    })
}
