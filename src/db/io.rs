//! The one runtime that carries the wire protocols, and the wait for it.

use std::future::Future;
use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("database-io")
        .enable_all()
        .build()
        .expect("the operating system starts one thread")
});

/// Runs a future of a database driver to its end. Call it on a blocking thread only.
pub fn wait<F: Future>(future: F) -> F::Output {
    RUNTIME.handle().block_on(future)
}
