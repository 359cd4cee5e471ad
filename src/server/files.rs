//! Room for as many open files as connections can need.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files of the store and whatever else the process has open.
const OTHERS: u64 = 256;

/// Raises this process's soft limit of open files where it is lower than the connections need.
///
/// A connection takes two: its own, and the handle that the watch closes it by.
pub fn make_room(connections: u32) {
    let needed = u64::from(connections) * 2 + OTHERS;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return;
    }
    let possible = limit.maximum.map_or(needed, |most| most.min(needed));
    let raised = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(possible),
            ..limit
        },
    );
    if raised.is_err() || possible < needed {
        log::warn!(
            "{connections} connections need {needed} open files; this process may have {possible}"
        );
    }
}
