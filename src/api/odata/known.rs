//! How far a reader of `Progress` knows the company's changes: what its links hold of versions.

use serde::{Deserialize, Serialize};

use crate::companies::{self, State};
use crate::db::Conn;
use crate::error::{Error, Result, Resync};
use crate::ids::CompanyId;

/// Which changes a reader has, and the latest version that it was shown anything of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Changes up to this one are known.
    pub after: i64,
    /// The version that was shown last.
    version: i64,
    /// Its random name: a store that was put back from a copy has other names. Empty of version 0, which holds nothing.
    name: String,
}

impl Known {
    /// After everything that a snapshot shows.
    pub fn now(conn: &mut Conn, state: &State) -> Result<Self> {
        let name = companies::store::version_name(conn, state.company_id, state.seq)?;
        Ok(Self {
            after: state.seq,
            version: state.seq,
            name: name.unwrap_or_default(),
        })
    }

    /// The same changes, now that something of this snapshot was shown too. Fails where the store does not have the version
    /// that was shown before.
    pub fn shown(self, conn: &mut Conn, state: &State) -> Result<Self> {
        self.must_be_of(conn, state.company_id)?;
        Ok(Self::now(conn, state)?.up_to(self.after))
    }

    /// Of the same version, with changes up to this one.
    pub fn up_to(self, after: i64) -> Self {
        Self { after, ..self }
    }

    fn must_be_of(&self, conn: &mut Conn, company: CompanyId) -> Result<()> {
        if self.version == 0 {
            return Ok(());
        }
        let name = companies::store::version_name(conn, company, self.version)?;
        if name.as_ref() == Some(&self.name) {
            return Ok(());
        }
        Err(Error::Resync(Resync::StoreRestored))
    }
}
