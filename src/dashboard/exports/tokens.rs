//! A company's API tokens as a file: what they are called and what they may, never a token itself.

use actix_web::HttpResponse;
use actix_web::web::Path;

use super::Download;
use super::sheet::Sheet;
use crate::dashboard::PageError;
use crate::export::Cell;
use crate::ids::CompanyId;
use crate::tokens::{self, Token};

/// `GET /companies/{company}/tokens/export.{format}`
pub async fn export_tokens(
    download: Download,
    path: Path<(CompanyId, String)>,
) -> Result<HttpResponse, PageError> {
    let (company, _) = path.into_inner();
    let sheet = Sheet {
        name: "Tokens",
        whose: download.whose(company).await?,
        columns: vec![
            ("name", |token: &Token| Cell::text(&token.name)),
            ("begins with", |token| Cell::text(&token.prefix)),
            ("may", |token| Cell::Text(token.scopes.to_string())),
            ("created (UTC)", |token| Cell::at(token.created_at)),
            ("created by", |token| Cell::text(&token.created_by)),
            ("last used (UTC)", |token| Cell::at(token.last_used_at)),
            ("expires (UTC)", |token| Cell::at(token.expires_at)),
            ("revoked (UTC)", |token| Cell::at(token.revoked_at)),
            ("fields", |token| limit(token.fields.as_ref())),
            ("networks", |token| limit(token.networks.as_ref())),
        ],
    };
    download
        .send(sheet, move |conn, lines| {
            lines.put_all(tokens::store::list(conn, company)?)
        })
        .await
}

/// What a token is limited to; nothing where it is not.
fn limit(limit: Option<&impl ToString>) -> Cell {
    limit.map_or(Cell::None, |limit| Cell::Text(limit.to_string()))
}
