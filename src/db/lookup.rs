//! What `MultiConnection` asks of a connection about its types: we use built-in types only.

use std::any::Any;

use diesel::connection::MultiConnectionHelper;
use diesel::pg::{FailedToLookupTypeError, PgMetadataCacheKey, PgMetadataLookup, PgTypeMetadata};

use super::driver::{MysqlConnection, PgConnection};

type Lookup = dyn PgMetadataLookup + 'static;

/// Refuses types that the server would have to be asked for.
struct BuiltInTypes;

impl PgMetadataLookup for BuiltInTypes {
    fn lookup_type(&mut self, name: &str, schema: Option<&str>) -> PgTypeMetadata {
        let unknown = FailedToLookupTypeError::new(PgMetadataCacheKey::new(
            schema.map(|name| name.to_owned().into()),
            name.to_owned().into(),
        ));
        PgTypeMetadata::from_result(Err(unknown))
    }
}

impl MultiConnectionHelper for PgConnection {
    fn to_any<'a>(_: &mut Lookup) -> &mut (dyn Any + 'a) {
        Box::leak(Box::new(BuiltInTypes)) // of size zero: nothing is allocated
    }

    fn from_any(lookup: &mut dyn Any) -> Option<&mut Lookup> {
        lookup
            .downcast_mut::<BuiltInTypes>()
            .map(|types| types as &mut Lookup)
    }
}

impl MultiConnectionHelper for MysqlConnection {
    fn to_any<'a>(lookup: &mut ()) -> &mut (dyn Any + 'a) {
        lookup
    }

    fn from_any(lookup: &mut dyn Any) -> Option<&mut ()> {
        lookup.downcast_mut()
    }
}
