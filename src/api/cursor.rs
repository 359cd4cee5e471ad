//! Cursors: opaque, signed, and good for one company and one list only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::ids::CompanyId;
use crate::tokens::SecretKey;

/// Bytes of the signature that are kept.
const SIGNATURE: usize = 16;

/// Writes down where a page of a company's list ended.
pub fn write(key: &SecretKey, company: CompanyId, list: &str, place: &[u8]) -> String {
    let mut bytes = sign(key, company, list, place).to_vec();
    bytes.extend_from_slice(place);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The place in a cursor, or `None` when it was not written by us for this company and list.
pub fn read(key: &SecretKey, company: CompanyId, list: &str, cursor: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (signature, place) = bytes.split_at_checked(SIGNATURE)?;
    let ours = sign(key, company, list, place);
    bool::from(ours.ct_eq(signature)).then(|| place.to_vec())
}

/// Numbers as the place of a cursor.
pub fn of_numbers<const N: usize>(numbers: [i64; N]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_be_bytes())
        .collect()
}

/// The numbers of a place, or `None` when it holds something else.
pub fn numbers<const N: usize>(place: &[u8]) -> Option<[i64; N]> {
    let (eights, rest) = place.as_chunks::<8>();
    let eights: &[[u8; 8]; N] = eights.try_into().ok()?;
    rest.is_empty().then(|| eights.map(i64::from_be_bytes))
}

fn sign(key: &SecretKey, company: CompanyId, list: &str, place: &[u8]) -> [u8; SIGNATURE] {
    let mut text = format!("{company}/{list}/").into_bytes();
    text.extend_from_slice(place);
    let mut short = [0; SIGNATURE];
    short.copy_from_slice(&key.sign("cursor", &text)[..SIGNATURE]);
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    #[test]
    fn a_cursor_is_good_for_its_own_company_and_list_only() {
        let key = SecretKey::new(&Secret::new("k".repeat(32))).expect("long enough");
        let other = SecretKey::new(&Secret::new("o".repeat(32))).expect("long enough");
        let place = of_numbers([17, -5]);

        let cursor = write(&key, CompanyId(42), "progress", &place);

        let found = read(&key, CompanyId(42), "progress", &cursor).expect("it is ours");
        assert_eq!(numbers::<2>(&found), Some([17, -5]));
        assert_eq!(numbers::<1>(&found), None);
        assert_eq!(read(&key, CompanyId(43), "progress", &cursor), None);
        assert_eq!(read(&key, CompanyId(42), "syncs", &cursor), None);
        assert_eq!(read(&other, CompanyId(42), "progress", &cursor), None);
        for wrong in ["", "x", "AAAA", &cursor[1..], &cursor.to_uppercase()] {
            assert_eq!(
                read(&key, CompanyId(42), "progress", wrong),
                None,
                "{wrong}"
            );
        }
    }
}
