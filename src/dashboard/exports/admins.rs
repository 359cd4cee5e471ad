//! The admins as a file.

use actix_web::HttpResponse;

use super::Download;
use super::sheet::Sheet;
use crate::dashboard::PageError;
use crate::dashboard::admins::{Line, lines};
use crate::dashboard::labels::Label as _;
use crate::export::Cell;

/// `GET /admins/export.{format}`
pub async fn export_admins(download: Download) -> Result<HttpResponse, PageError> {
    let sheet = Sheet {
        name: "Admins",
        whose: String::new(),
        columns: vec![
            ("email", |line: &Line| Cell::text(&line.person.email)),
            ("role", |line| Cell::text(line.person.role.label())),
            ("company id", |line| {
                Cell::number(line.person.company_id.map(|id| id.0))
            }),
            ("company", |line| {
                let name = line.company.as_ref();
                name.map_or(Cell::None, Cell::text)
            }),
            ("second factor", |line| {
                Cell::text(if line.person.second_factor {
                    "yes"
                } else {
                    "no"
                })
            }),
            ("last seen (UTC)", |line| Cell::at(line.seen)),
            ("account since (UTC)", |line| {
                Cell::at(line.person.created_at)
            }),
            ("disabled (UTC)", |line| Cell::at(line.person.disabled_at)),
        ],
    };
    download
        .send(sheet, |conn, to| to.put_all(lines(conn)?))
        .await
}
