//! What an admin decides about a run: cancel it, confirm its removals or reject them.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::sign_in::Nothing;
use super::{PageError, Submitted, see_other};
use crate::app::App;
use crate::db::off_thread;
use crate::ids::RunId;
use crate::sync::{self, guard};
use crate::time::now_ms;

/// `POST /sync/runs/{run}/cancel`
pub async fn cancel_run(
    app: Data<App>,
    run: Path<RunId>,
    form: Submitted<Nothing>,
) -> Result<HttpResponse, PageError> {
    let id = run.into_inner();
    let page = format!("/sync/runs/{id}");
    let by = form.admin.session.email;
    off_thread(move || sync::cancel(&app, &id, &by)).await?;
    Ok(see_other(&page).finish())
}

/// `POST /sync/runs/{run}/confirm`: starts the run that does it and leads to its page.
pub async fn confirm_removals(
    app: Data<App>,
    run: Path<RunId>,
    form: Submitted<Nothing>,
) -> Result<HttpResponse, PageError> {
    let (app, id, by) = (app.into_inner(), run.into_inner(), form.admin.session.email);
    let shared = app.clone();
    let confirmed = off_thread(move || {
        let requested = shared
            .db
            .write(|conn| guard::confirm(conn, &id, &by, now_ms()))?;
        sync::wake(&shared)?;
        Ok(requested)
    });
    Ok(super::sync::to_run(&app, &confirmed.await?))
}

/// `POST /sync/runs/{run}/reject`
pub async fn reject_removals(
    app: Data<App>,
    run: Path<RunId>,
    form: Submitted<Nothing>,
) -> Result<HttpResponse, PageError> {
    let (id, by) = (run.into_inner(), form.admin.session.email);
    let page = format!("/sync/runs/{id}");
    app.db
        .change(move |conn| guard::reject(conn, &id, &by, now_ms()))
        .await?;
    Ok(see_other(&page).finish())
}
