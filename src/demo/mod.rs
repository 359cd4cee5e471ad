//! The demo's made-up Moodle. Stub.

pub mod store {
    //! Stub.
    /// Stub.
    pub fn create(_path: &std::path::Path) -> crate::error::Result<()> {
        Ok(())
    }
}
