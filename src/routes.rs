//! Every URL, one line each, with the full path of its handler.

use actix_web::web::{self, ServiceConfig, resource};

/// Registers all of them.
pub fn all(services: &mut ServiceConfig) {
    services.configure(dashboard);
}

/// What browsers ask for. It answers every other address too, so it comes last.
#[rustfmt::skip]
fn dashboard(services: &mut ServiceConfig) {
    services.service(
        web::scope("")
            .configure(crate::dashboard::input_errors)
            .service(resource("/static/{name}").get(crate::dashboard::assets::show_asset))
            .service(resource("/sign-in").get(crate::dashboard::sign_in::show_sign_in).post(crate::dashboard::sign_in::sign_in))
            .service(resource("/sign-out").post(crate::dashboard::sign_in::sign_out))
            .service(resource("/setup").get(crate::dashboard::setup::show_setup).post(crate::dashboard::setup::create_first_admin))
            .service(resource("/").get(crate::dashboard::overview::show_overview))
            .service(resource("/companies/look-up").post(crate::dashboard::overview::look_up_companies))
            .service(resource("/companies/{company}").get(crate::dashboard::company::show_company))
            .service(resource("/companies/{company}/cache/clear").post(crate::dashboard::cache::clear_cache))
            .service(resource("/companies/{company}/tokens").post(crate::dashboard::tokens::create_token))
            .service(resource("/companies/{company}/tokens/{token}/revoke").get(crate::dashboard::tokens::show_revoke).post(crate::dashboard::tokens::revoke_token))
            .service(resource("/sync").get(crate::dashboard::sync::show_form).post(crate::dashboard::sync::run_manual_sync))
            .service(resource("/sync/confirm").get(crate::dashboard::sync::show_confirm))
            .service(resource("/sync/history").get(crate::dashboard::history::show_history))
            .service(resource("/sync/runs/{run}").get(crate::dashboard::run::show_run))
            .service(resource("/demo").get(crate::dashboard::demo::show_demo))
            .service(resource("/demo/complete").post(crate::dashboard::demo::complete_course))
            .default_service(web::to(crate::dashboard::page_error::show_not_found)),
    );
}
