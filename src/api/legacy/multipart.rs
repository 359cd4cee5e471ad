//! The text fields of a `multipart/form-data` body; files are passed over, as PHP keeps them elsewhere.

/// Name and value of each text field, as far as the body is well-formed.
pub fn fields<'a>(
    content_type: &str,
    body: &'a [u8],
) -> impl Iterator<Item = (String, String)> + 'a {
    let mark = boundary(content_type).map(|boundary| format!("--{boundary}").into_bytes());
    let parts = mark.map(|mark| split(body, &mark)).unwrap_or_default();
    parts.into_iter().filter_map(field)
}

fn boundary(content_type: &str) -> Option<&str> {
    let (_, after) = content_type.split_once("boundary=")?;
    let value = after.split(';').next()?.trim();
    let bare = value.trim_matches('"');
    (!bare.is_empty() && bare.len() <= 70).then_some(bare)
}

/// What stands between two marks.
fn split<'a>(body: &'a [u8], mark: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut rest = match find(body, mark) {
        Some(at) => &body[at + mark.len()..],
        None => return parts,
    };
    while let Some(at) = find(rest, mark) {
        parts.push(&rest[..at]);
        rest = &rest[at + mark.len()..];
    }
    parts
}

fn field(part: &[u8]) -> Option<(String, String)> {
    let part = part.strip_prefix(b"\r\n")?.strip_suffix(b"\r\n")?;
    let end = find(part, b"\r\n\r\n")?;
    let (head, value) = (&part[..end], &part[end + 4..]);
    let head = String::from_utf8_lossy(head);
    let disposition = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition")
            .then_some(value)
    })?;
    if attribute(disposition, "filename").is_some() {
        return None;
    }
    let name = attribute(disposition, "name")?;
    Some((name, String::from_utf8_lossy(value).into_owned()))
}

fn attribute(disposition: &str, wanted: &str) -> Option<String> {
    disposition.split(';').find_map(|one| {
        let (name, value) = one.trim().split_once('=')?;
        let value = value.trim().trim_matches('"');
        name.eq_ignore_ascii_case(wanted).then(|| value.to_owned())
    })
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_fields_are_found_and_files_are_not() {
        let body = b"--XY\r\nContent-Disposition: form-data; name=\"limit\"\r\n\r\n2\r\n\
            --XY\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\nfile\r\n\
            --XY\r\ncontent-disposition: form-data; name=wstoken\r\nContent-Type: text/plain\r\n\r\na\r\nb\r\n--XY--\r\n";

        let found: Vec<_> = fields("multipart/form-data; boundary=\"XY\"", body).collect();

        assert_eq!(
            found,
            [
                ("limit".into(), "2".into()),
                ("wstoken".into(), "a\r\nb".into())
            ]
        );
    }

    #[test]
    fn a_broken_body_has_no_fields() {
        for body in [
            &b""[..],
            b"--XY",
            b"--XY\r\n--XY",
            b"--XY\r\nno head--XY--",
            b"--\r\n",
        ] {
            assert_eq!(fields("multipart/form-data; boundary=XY", body).count(), 0);
            assert_eq!(fields("multipart/form-data", body).count(), 0);
        }
    }
}
