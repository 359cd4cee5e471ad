//! What a file is called where a browser saves it.

use actix_web::http::header::{
    Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue,
};

use crate::export::Format;

/// The header that names a file after these parts: as they are written, and in ASCII for who reads no more.
///
/// Letters and digits stay; everything else is a hyphen.
pub fn attachment(parts: &[&str], format: Format) -> ContentDisposition {
    let name = file_name(parts, format, char::is_alphanumeric);
    let plain = file_name(parts, format, |letter| letter.is_ascii_alphanumeric());
    let mut parameters = Vec::new();
    if name != plain {
        parameters.push(DispositionParam::FilenameExt(ExtendedValue {
            charset: Charset::Ext("UTF-8".to_owned()),
            language_tag: None,
            value: name.into_bytes(),
        }));
    }
    parameters.insert(0, DispositionParam::Filename(plain));
    ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters,
    }
}

fn file_name(parts: &[&str], format: Format, stays: fn(char) -> bool) -> String {
    let plain = |letter: char| if stays(letter) { letter } else { '-' };
    let short = |part: &&str| part.chars().take(60).map(plain).collect::<String>();
    let text = parts.iter().map(short).collect::<Vec<_>>().join("-");
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split('-').filter(|word| !word.is_empty()).collect();
    format!("{}.{format}", words.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_holds_nothing_that_a_header_or_a_folder_could_trip_over() {
        let hostile = "../Béta \"& Söhne\"\r\n\u{202e}";

        let header = attachment(&["changes", hostile, "2026-11-22"], Format::Csv).to_string();

        assert_eq!(
            header,
            "attachment; filename=\"changes-b-ta-s-hne-2026-11-22.csv\"; \
             filename*=UTF-8''changes%2Db%C3%A9ta%2Ds%C3%B6hne%2D2026%2D11%2D22.csv"
        );
    }

    #[test]
    fn a_plain_name_is_said_once() {
        let header = attachment(&["changes", "Acme 42"], Format::Csv).to_string();

        assert_eq!(header, "attachment; filename=\"changes-acme-42.csv\"");
    }

    #[test]
    fn a_long_name_does_not_push_the_date_out() {
        let long = "x".repeat(300);

        let header = attachment(&["progress", &long, "2026-11-22"], Format::Xlsx).to_string();

        assert!(header.ends_with("x-2026-11-22.xlsx\""), "{header}");
    }
}
