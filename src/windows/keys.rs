//! Keys as a window stores them: a thousand to a chunk, each as its difference to the one before.

use crate::ids::{CourseId, Key, UserId};

/// Keys in a chunk.
pub const CHUNK: usize = 1000;

/// Keys in their order, chunk by chunk.
#[derive(Debug, Default)]
pub struct Chunks {
    /// What is stored of each chunk.
    pub stored: Vec<Vec<u8>>,
    /// How many keys there are.
    pub count: i64,
    last: (i64, i64),
}

impl Chunks {
    /// Appends a key.
    pub fn push(&mut self, key: Key) {
        let begins = self.count % CHUNK as i64 == 0;
        if begins {
            self.stored.push(Vec::new());
            self.last = (0, 0);
        }
        let (user, course) = (key.user.0, key.course.0);
        if let Some(chunk) = self.stored.last_mut() {
            push_number(chunk, user.wrapping_sub(self.last.0));
            push_number(chunk, course.wrapping_sub(self.last.1));
        }
        self.last = (user, course);
        self.count += 1;
    }
}

/// The keys of a stored chunk; what is damaged ends it.
pub fn read(mut stored: &[u8]) -> Vec<Key> {
    let (mut user, mut course) = (0i64, 0i64);
    let mut keys = Vec::with_capacity(CHUNK);
    while let Some((by_user, by_course)) = take_number(&mut stored).zip(take_number(&mut stored)) {
        user = user.wrapping_add(by_user);
        course = course.wrapping_add(by_course);
        keys.push(Key {
            user: UserId(user),
            course: CourseId(course),
        });
    }
    keys
}

/// Small numbers of either sign take few bytes.
fn push_number(out: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn take_number(stored: &mut &[u8]) -> Option<i64> {
    let mut rest = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, behind) = stored.split_first()?;
        *stored = behind;
        rest |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((rest >> 1) as i64 ^ -((rest & 1) as i64));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_being_stored() {
        let ends = [i64::MIN, -1, 0, 1, 300, i64::MAX];
        let some = ends
            .iter()
            .flat_map(|user| ends.map(|course| (*user, course)));
        let many = (0..2500).map(|number| (number / 7, number % 7 * 1000));
        let keys: Vec<Key> = some
            .chain(many)
            .map(|(user, course)| Key {
                user: UserId(user),
                course: CourseId(course),
            })
            .collect();

        let mut chunks = Chunks::default();
        keys.iter().for_each(|key| chunks.push(*key));

        let back: Vec<Key> = chunks.stored.iter().flat_map(|chunk| read(chunk)).collect();
        assert_eq!(back, keys);
        assert_eq!((chunks.stored.len(), chunks.count), (3, 2536));
        assert!(chunks.stored[2].len() < 4 * 536);
        assert!(read(&[0x80; 30]).is_empty());
    }
}
