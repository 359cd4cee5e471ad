//! What an admin decides about a sync of all companies: cancel the rest of it, or do what its preview shows.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::sign_in::Nothing;
use super::{Flash, PageError, Submitted, see_other};
use crate::app::App;
use crate::db::off_thread;
use crate::ids::BatchId;
use crate::sync::batch;

/// `POST /sync/batches/{batch}/cancel`
pub async fn cancel_batch(
    app: Data<App>,
    id: Path<BatchId>,
    form: Submitted<Nothing>,
) -> Result<HttpResponse, PageError> {
    let (id, by) = (id.into_inner(), form.admin.session.email);
    let page = format!("/sync/batches/{id}");
    let shared = app.clone();
    let cancelled = off_thread(move || batch::cancel(&shared, &id, &by)).await?;
    Ok(see_other(&page)
        .cookie(Flash::BatchCancelled(cancelled).cookie(&app))
        .finish())
}

/// `POST /sync/batches/{batch}/run`: starts what the preview shows and leads to its page.
pub async fn run_for_real(
    app: Data<App>,
    id: Path<BatchId>,
    form: Submitted<Nothing>,
) -> Result<HttpResponse, PageError> {
    let by = form.admin.session.email;
    let id = batch::run_for_real(&app.into_inner(), id.into_inner(), by).await?;
    Ok(see_other(&format!("/sync/batches/{id}")).finish())
}
