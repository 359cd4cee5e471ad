//! QR codes, drawn as one path of an SVG that stands in the page.

use fast_qr::{ECL, QRBuilder};

use super::PageError;

/// Light modules around it, so that a camera finds it on any page.
const QUIET: usize = 4;

/// A QR code for a template.
pub struct Qr {
    /// How many modules wide and high it is, with what is around it.
    pub side: usize,
    /// The dark modules, as the `d` of a path.
    pub path: String,
}

impl Qr {
    /// The code of a text.
    pub fn of(text: &str) -> Result<Self, PageError> {
        let made = QRBuilder::new(text).ecl(ECL::M).build();
        let code = made.map_err(|cause| PageError::unexpected(&cause))?;
        let rows = (0..code.size).map(|y| {
            let dark = code[y].iter().map(|module| module.value());
            row(&dark.collect::<Vec<_>>(), y)
        });
        Ok(Self {
            side: code.size + 2 * QUIET,
            path: rows.collect(),
        })
    }
}

/// One rectangle for each run of dark modules.
fn row(dark: &[bool], y: usize) -> String {
    let (mut path, mut x) = (String::new(), 0);
    for run in dark.chunk_by(PartialEq::eq) {
        if run[0] {
            let (left, top, wide) = (x + QUIET, y + QUIET, run.len());
            path += &format!("M{left} {top}h{wide}v1h-{wide}z");
        }
        x += run.len();
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_dark_modules_become_rectangles() {
        let dark = [true, true, false, true];

        assert_eq!(row(&dark, 1), "M4 5h2v1h-2zM7 5h1v1h-1z");
        assert_eq!(row(&[false], 0), "");
    }

    #[test]
    fn a_code_begins_with_the_finder_pattern_and_is_as_small_as_it_can_be() {
        let qr = Qr::of("otpauth://totp/x").expect("a short text");

        assert!(qr.path.starts_with("M4 4h7v1h-7z"), "{}", qr.path);
        assert_eq!(qr.side, 25 + 8);
        assert!(Qr::of(&"x".repeat(5000)).is_err());
    }
}
