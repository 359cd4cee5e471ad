//! Every URL, one line each, with the full path of its handler.

use actix_web::web::{self, ServiceConfig, resource};
use actix_web::{HttpResponse, Route, guard};

use crate::api::ApiError;
use crate::dashboard::PageError;

/// Registers all of them.
pub fn all(services: &mut ServiceConfig) {
    services.configure(api).configure(dashboard);
}

/// What clients' programs ask for: the JSON API and the door of the old plugin.
#[rustfmt::skip]
fn api(services: &mut ServiceConfig) {
    services
        .service(resource("/webservice/rest/server.php").to(crate::api::legacy::call_function))
        .service(web::scope("/api")
            .service(resource("/v1/progress").route(reading().to(crate::api::course_progress::list_progress)).default_service(only("GET, HEAD")))
            .service(resource("/v1/syncs").route(reading().to(crate::api::syncs::list_syncs)).post(crate::api::sync_request::request_sync).default_service(only("GET, HEAD, POST")))
            .service(resource("/v1/syncs/{id}").route(reading().to(crate::api::syncs::show_sync)).default_service(only("GET, HEAD")))
            .service(resource("/v1/syncs/{id}/changes").route(reading().to(crate::api::sync_changes::list_changes)).default_service(only("GET, HEAD")))
            .default_service(web::to(crate::api::problem::no_such_path)));
}

/// Reads answer `HEAD` as well: the same reply without its body.
fn reading() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// The reply to a method that an address of the API does not know.
fn only(methods: &'static str) -> Route {
    web::to(move || async move { Err::<HttpResponse, _>(ApiError::MethodNotAllowed(methods)) })
}

/// The same for an address of the dashboard.
fn page_only(methods: &'static str) -> Route {
    web::to(move || async move { Err::<HttpResponse, _>(PageError::MethodNotAllowed(methods)) })
}

/// What browsers ask for. It answers every other address too, so it comes last.
#[rustfmt::skip]
fn dashboard(services: &mut ServiceConfig) {
    services.service(
        web::scope("")
            .configure(crate::dashboard::input_errors)
            .service(resource("/static/{name}").route(reading().to(crate::dashboard::assets::show_asset)).default_service(page_only("GET, HEAD")))
            .service(resource("/sign-in").route(reading().to(crate::dashboard::sign_in::show_sign_in)).post(crate::dashboard::sign_in::sign_in).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/sign-out").post(crate::dashboard::sign_in::sign_out).default_service(page_only("POST")))
            .service(resource("/setup").route(reading().to(crate::dashboard::setup::show_setup)).post(crate::dashboard::setup::create_first_admin).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/").route(reading().to(crate::dashboard::overview::show_overview)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/look-up").post(crate::dashboard::overview::look_up_companies).default_service(page_only("POST")))
            .service(resource("/companies/{company}").route(reading().to(crate::dashboard::company::show_company)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/cache/clear").post(crate::dashboard::cache::clear_cache).default_service(page_only("POST")))
            .service(resource("/companies/{company}/tokens").post(crate::dashboard::tokens::create_token).default_service(page_only("POST")))
            .service(resource("/companies/{company}/tokens/{token}/revoke").route(reading().to(crate::dashboard::tokens::show_revoke)).post(crate::dashboard::tokens::revoke_token).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/companies/{company}/schedule").route(reading().to(crate::dashboard::schedule::show_schedule)).post(crate::dashboard::schedule::set_schedule).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/companies/{company}/schedule/pause").post(crate::dashboard::schedule::pause_schedule).default_service(page_only("POST")))
            .service(resource("/companies/{company}/schedule/resume").post(crate::dashboard::schedule::resume_schedule).default_service(page_only("POST")))
            .service(resource("/companies/{company}/schedule/run").post(crate::dashboard::schedule::run_now).default_service(page_only("POST")))
            .service(resource("/schedules").route(reading().to(crate::dashboard::schedules::show_schedules)).post(crate::dashboard::schedules::set_missing_schedules).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/companies/{company}/people/{user}/courses/{course}").route(reading().to(crate::dashboard::why::show_row)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/settings").route(reading().to(crate::dashboard::settings::show_settings)).post(crate::dashboard::settings::try_settings).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/companies/{company}/settings/preview/{run}").route(reading().to(crate::dashboard::settings_preview::show_preview)).post(crate::dashboard::settings_preview::save_settings).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/settings/rows").route(reading().to(crate::dashboard::settings_defaults::show_defaults)).post(crate::dashboard::settings_confirm::save_defaults).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/settings/rows/confirm").route(reading().to(crate::dashboard::settings_confirm::show_confirm)).default_service(page_only("GET, HEAD")))
            .service(resource("/settings/rows/preview").post(crate::dashboard::settings_confirm::try_defaults).default_service(page_only("POST")))
            .service(resource("/sync").route(reading().to(crate::dashboard::sync::show_form)).post(crate::dashboard::sync::run_manual_sync).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/sync/confirm").route(reading().to(crate::dashboard::sync::show_confirm)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/batches").route(reading().to(crate::dashboard::batch::show_batches)).post(crate::dashboard::batch::start_batch).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/sync/batches/confirm").route(reading().to(crate::dashboard::batch::show_confirm)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/batches/{batch}").route(reading().to(crate::dashboard::batch::show_batch)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/batches/{batch}/events").route(reading().to(crate::dashboard::batch_progress::stream_progress)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/batches/{batch}/cancel").post(crate::dashboard::batch_decide::cancel_batch).default_service(page_only("POST")))
            .service(resource("/sync/batches/{batch}/run").post(crate::dashboard::batch_decide::run_for_real).default_service(page_only("POST")))
            .service(resource("/sync/history").route(reading().to(crate::dashboard::history::show_history)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/runs/{run}").route(reading().to(crate::dashboard::run::show_run)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/runs/{run}/events").route(reading().to(crate::dashboard::run_progress::stream_progress)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/runs/{run}/cancel").post(crate::dashboard::run_decide::cancel_run).default_service(page_only("POST")))
            .service(resource("/sync/runs/{run}/confirm").post(crate::dashboard::run_decide::confirm_removals).default_service(page_only("POST")))
            .service(resource("/sync/runs/{run}/reject").post(crate::dashboard::run_decide::reject_removals).default_service(page_only("POST")))
            .service(resource("/companies/{company}/coverage").route(reading().to(crate::dashboard::coverage::show_coverage)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/runs/{run}/undo").route(reading().to(crate::dashboard::undo::show_undo)).post(crate::dashboard::undo::undo_run).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/changes").route(reading().to(crate::dashboard::changes::show_changes)).default_service(page_only("GET, HEAD")))
            .service(resource("/changes/export.{format}").route(reading().to(crate::dashboard::changes_export::export_changes)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/changes").route(reading().to(crate::dashboard::changes::show_company_changes)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/changes/export.{format}").route(reading().to(crate::dashboard::changes_export::export_company_changes)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/people/{user}").route(reading().to(crate::dashboard::people::show_person)).default_service(page_only("GET, HEAD")))
            .service(resource("/people/erasures").route(reading().to(crate::dashboard::erasures::show_erasures)).default_service(page_only("GET, HEAD")))
            .service(resource("/people/{user}/erase").route(reading().to(crate::dashboard::erase::show_erase)).post(crate::dashboard::erase::erase_person).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/people/{user}/erasure").route(reading().to(crate::dashboard::erase::show_erasure)).default_service(page_only("GET, HEAD")))
            .service(resource("/people/{user}/erasure/lift").post(crate::dashboard::erase::lift_erasure).default_service(page_only("POST")))
            .service(resource("/demo").route(reading().to(crate::dashboard::demo::show_demo)).default_service(page_only("GET, HEAD")))
            .service(resource("/demo/complete").post(crate::dashboard::demo::complete_course).default_service(page_only("POST")))
            .default_service(web::to(crate::dashboard::page_error::show_not_found)),
    );
}
