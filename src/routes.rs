//! Every URL, one line each, with the full path of its handler.

use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig, resource};
use actix_web::{HttpResponse, Route, guard};

use crate::api::ApiError;
use crate::dashboard::PageError;

/// Registers all of them.
pub fn all(services: &mut ServiceConfig) {
    services.configure(api).configure(dashboard);
}

/// What clients' programs ask for: the JSON API, OData and the door of the old plugin.
#[rustfmt::skip]
fn api(services: &mut ServiceConfig) {
    services
        .service(resource("/webservice/rest/server.php").wrap(from_fn(crate::api::door::watch)).to(crate::api::legacy::call_function))
        .service(resource("/health/live").route(reading().to(crate::api::health::show_live)).default_service(only("GET, HEAD")))
        .service(resource("/health/ready").route(reading().to(crate::api::health::show_ready)).default_service(only("GET, HEAD")))
        .service(resource("/metrics").route(reading().to(crate::api::health::show_metrics)).default_service(only("GET, HEAD")))
        .service(web::scope("/api")
            .wrap(from_fn(crate::api::door::watch))
            .service(resource("/v1/openapi.json").route(reading().to(crate::api::openapi::show_document)).default_service(only("GET, HEAD")))
            .service(resource("/v1/docs").route(reading().to(crate::api::openapi::show_page)).default_service(only("GET, HEAD")))
            .service(resource("/v1/progress").route(reading().to(crate::api::course_progress::list_progress)).default_service(only("GET, HEAD")))
            .service(resource("/v1/changes").route(reading().to(crate::api::changes::follow_changes)).default_service(only("GET, HEAD")))
            .service(resource("/v1/summary").route(reading().to(crate::api::summary::show_summary)).default_service(only("GET, HEAD")))
            .service(resource("/v1/summary/courses").route(reading().to(crate::api::summary::list_courses)).default_service(only("GET, HEAD")))
            .service(resource("/v1/courses").route(reading().to(crate::api::courses::list_courses)).default_service(only("GET, HEAD")))
            .service(resource("/v1/companies/me").route(reading().to(crate::api::me::show_me)).default_service(only("GET, HEAD")))
            .service(resource("/v1/syncs").route(reading().to(crate::api::syncs::list_syncs)).post(crate::api::sync_request::request_sync).default_service(only("GET, HEAD, POST")))
            .service(resource("/v1/syncs/{id}").route(reading().to(crate::api::syncs::show_sync)).default_service(only("GET, HEAD")))
            .service(resource("/v1/syncs/{id}/changes").route(reading().to(crate::api::sync_changes::list_changes)).default_service(only("GET, HEAD")))
            .default_service(web::to(crate::api::problem::no_such_path)))
        .service(web::scope("/odata")
            .wrap(from_fn(crate::api::door::watch))
            .service(resource(["/v4", "/v4/"]).route(reading().to(crate::api::odata::show_service)).default_service(odata_reads()))
            .service(resource("/v4/$metadata").route(reading().to(crate::api::odata::show_metadata)).default_service(odata_reads()))
            .service(resource("/v4/{entities}").route(reading().to(crate::api::odata::list_entities)).default_service(odata_reads()))
            .service(resource("/v4/{entities}/$count").route(reading().to(crate::api::odata::count_entities)).default_service(odata_reads()))
            .service(resource("/v4/{entity}/{property}").route(reading().to(crate::api::odata::show_property)).default_service(odata_reads()))
            .service(resource("/v4/{entity}/{property}/$value").route(reading().to(crate::api::odata::show_value)).default_service(odata_reads()))
            .default_service(web::to(crate::api::odata::no_such_path)));
}

/// The reply to a method other than a read where OData answers.
fn odata_reads() -> Route {
    web::to(crate::api::odata::reads_only)
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
            .wrap(from_fn(crate::dashboard::gate::watch))
            .service(resource("/static/{name}").route(reading().to(crate::dashboard::assets::show_asset)).default_service(page_only("GET, HEAD")))
            .service(resource("/sign-in").route(reading().to(crate::dashboard::sign_in::show_sign_in)).post(crate::dashboard::sign_in::sign_in).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/sign-in/code").route(reading().to(crate::dashboard::sign_in_code::show_code)).post(crate::dashboard::sign_in_code::finish_sign_in).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/sign-out").post(crate::dashboard::sign_in::sign_out).default_service(page_only("POST")))
            .service(resource("/setup").route(reading().to(crate::dashboard::setup::show_setup)).post(crate::dashboard::setup::create_first_admin).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/").route(reading().to(crate::dashboard::overview::show_overview)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/export.{format}").route(reading().to(crate::dashboard::exports::companies::export_companies)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/look-up").post(crate::dashboard::overview::look_up_companies).default_service(page_only("POST")))
            .service(resource("/companies/{company}").route(reading().to(crate::dashboard::company::show_company)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/views").route(reading().to(crate::dashboard::saved_views::show_views)).post(crate::dashboard::saved_views::save_view).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/companies/{company}/views/{view}").post(crate::dashboard::saved_views::rename_view).default_service(page_only("POST")))
            .service(resource("/companies/{company}/views/{view}/delete").post(crate::dashboard::saved_views::delete_view).default_service(page_only("POST")))
            .service(resource("/companies/{company}/courses").route(reading().to(crate::dashboard::courses::show_courses)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/courses/export.{format}").route(reading().to(crate::dashboard::exports::courses::export_courses)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/courses/{course}").route(reading().to(crate::dashboard::course::show_course)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/people").route(reading().to(crate::dashboard::learners::show_learners)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/people/export.{format}").route(reading().to(crate::dashboard::exports::courses::export_learners)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/sync").route(reading().to(crate::dashboard::company_sync::show_sync)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/cache").route(reading().to(crate::dashboard::cache::show_cache)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/progress/export.{format}").route(reading().to(crate::dashboard::exports::progress::export_progress)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/cache/clear").post(crate::dashboard::cache::clear_cache).default_service(page_only("POST")))
            .service(resource("/companies/{company}/tokens/export.{format}").route(reading().to(crate::dashboard::exports::tokens::export_tokens)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/tokens").route(reading().to(crate::dashboard::tokens::show_tokens)).post(crate::dashboard::tokens::create_token).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/companies/{company}/tokens/{token}").route(reading().to(crate::dashboard::token::show_token)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/tokens/{token}/rotate").route(reading().to(crate::dashboard::token_end::show_rotate)).post(crate::dashboard::token_end::rotate_token).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/companies/{company}/tokens/{token}/revoke").route(reading().to(crate::dashboard::token_end::show_revoke)).post(crate::dashboard::token_end::revoke_token).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/companies/{company}/requests").route(reading().to(crate::dashboard::requests::show_company_requests)).default_service(page_only("GET, HEAD")))
            .service(resource("/requests").route(reading().to(crate::dashboard::requests::show_requests)).default_service(page_only("GET, HEAD")))
            .service(resource("/requests/export.{format}").route(reading().to(crate::dashboard::exports::requests::export_requests)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/requests/export.{format}").route(reading().to(crate::dashboard::exports::requests::export_company_requests)).default_service(page_only("GET, HEAD")))
            .service(resource("/requests/{id}").route(reading().to(crate::dashboard::requests::show_request)).default_service(page_only("GET, HEAD")))
            .service(resource("/alerts").route(reading().to(crate::dashboard::alerts::show_alerts)).default_service(page_only("GET, HEAD")))
            .service(resource("/alerts/export.{format}").route(reading().to(crate::dashboard::exports::alerts::export_alerts)).default_service(page_only("GET, HEAD")))
            .service(resource("/alerts/rules").route(reading().to(crate::dashboard::alert_rules::show_rules)).post(crate::dashboard::alert_rules::save_rules).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/alerts/rules/test").post(crate::dashboard::alert_rules::send_test).default_service(page_only("POST")))
            .service(resource("/alerts/{id}").route(reading().to(crate::dashboard::alerts::show_alert)).default_service(page_only("GET, HEAD")))
            .service(resource("/alerts/{id}/acknowledge").post(crate::dashboard::alerts::acknowledge_alert).default_service(page_only("POST")))
            .service(resource("/alerts/{id}/close").post(crate::dashboard::alerts::close_alert).default_service(page_only("POST")))
            .service(resource("/companies/{company}/settings/delivery").route(reading().to(crate::dashboard::delivery::show_company)).post(crate::dashboard::delivery::save_company).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/settings/delivery").route(reading().to(crate::dashboard::delivery::show_defaults)).post(crate::dashboard::delivery::save_defaults).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/companies/{company}/schedule").route(reading().to(crate::dashboard::schedule::show_schedule)).post(crate::dashboard::schedule::set_schedule).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/companies/{company}/schedule/pause").post(crate::dashboard::schedule::pause_schedule).default_service(page_only("POST")))
            .service(resource("/companies/{company}/schedule/resume").post(crate::dashboard::schedule::resume_schedule).default_service(page_only("POST")))
            .service(resource("/companies/{company}/schedule/run").post(crate::dashboard::schedule::run_now).default_service(page_only("POST")))
            .service(resource("/schedules").route(reading().to(crate::dashboard::schedules::show_schedules)).post(crate::dashboard::schedules::set_missing_schedules).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/schedules/export.{format}").route(reading().to(crate::dashboard::exports::schedules::export_schedules)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/people/{user}/courses/{course}").route(reading().to(crate::dashboard::why::show_row)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/people/{user}/courses/{course}/export.{format}").route(reading().to(crate::dashboard::exports::people::export_row_history)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/settings").route(reading().to(crate::dashboard::settings::show_settings)).post(crate::dashboard::settings::try_settings).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/companies/{company}/settings/preview/{run}").route(reading().to(crate::dashboard::settings_preview::show_preview)).post(crate::dashboard::settings_preview::save_settings).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/health").route(reading().to(crate::dashboard::health::show_health)).post(crate::dashboard::health::back_up).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/health/support.txt").route(reading().to(crate::dashboard::health::show_support)).default_service(page_only("GET, HEAD")))
            .service(resource("/settings").route(reading().to(crate::dashboard::site::show_settings)).post(crate::dashboard::site::save_settings).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/settings/confirm").route(reading().to(crate::dashboard::site_confirm::show_confirm)).default_service(page_only("GET, HEAD")))
            .service(resource("/settings/rows").route(reading().to(crate::dashboard::settings_defaults::show_defaults)).post(crate::dashboard::settings_confirm::save_defaults).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/settings/rows/confirm").route(reading().to(crate::dashboard::settings_confirm::show_confirm)).default_service(page_only("GET, HEAD")))
            .service(resource("/settings/rows/preview").post(crate::dashboard::settings_confirm::try_defaults).default_service(page_only("POST")))
            .service(resource("/sync").route(reading().to(crate::dashboard::sync::show_form)).post(crate::dashboard::sync::run_manual_sync).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/sync/confirm").route(reading().to(crate::dashboard::sync::show_confirm)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/batches").route(reading().to(crate::dashboard::batch::show_batches)).post(crate::dashboard::batch::start_batch).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/sync/batches/confirm").route(reading().to(crate::dashboard::batch::show_confirm)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/batches/export.{format}").route(reading().to(crate::dashboard::exports::batches::export_batches)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/batches/{batch}").route(reading().to(crate::dashboard::batch::show_batch)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/batches/{batch}/export.{format}").route(reading().to(crate::dashboard::exports::batches::export_batch)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/batches/{batch}/events").route(reading().to(crate::dashboard::batch_progress::stream_progress)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/batches/{batch}/cancel").post(crate::dashboard::batch_decide::cancel_batch).default_service(page_only("POST")))
            .service(resource("/sync/batches/{batch}/run").post(crate::dashboard::batch_decide::run_for_real).default_service(page_only("POST")))
            .service(resource("/sync/history").route(reading().to(crate::dashboard::history::show_history)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/history/export.{format}").route(reading().to(crate::dashboard::exports::runs::export_history)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/runs/{run}").route(reading().to(crate::dashboard::run::show_run)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/runs/{run}/changes/export.{format}").route(reading().to(crate::dashboard::exports::runs::export_run_changes)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/runs/{run}/courses/export.{format}").route(reading().to(crate::dashboard::exports::runs::export_run_courses)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/runs/{run}/unread/export.{format}").route(reading().to(crate::dashboard::exports::runs::export_unread)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/runs/{run}/events").route(reading().to(crate::dashboard::run_progress::stream_progress)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/runs/{run}/cancel").post(crate::dashboard::run_decide::cancel_run).default_service(page_only("POST")))
            .service(resource("/sync/runs/{run}/confirm").post(crate::dashboard::run_decide::confirm_removals).default_service(page_only("POST")))
            .service(resource("/sync/runs/{run}/reject").post(crate::dashboard::run_decide::reject_removals).default_service(page_only("POST")))
            .service(resource("/companies/{company}/power-bi").route(reading().to(crate::dashboard::power_bi::show_power_bi)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/power-bi/connection.pbids").route(reading().to(crate::dashboard::power_bi::download_pbids)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/coverage").route(reading().to(crate::dashboard::coverage::show_coverage)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/coverage/export.{format}").route(reading().to(crate::dashboard::exports::companies::export_coverage)).default_service(page_only("GET, HEAD")))
            .service(resource("/sync/runs/{run}/undo").route(reading().to(crate::dashboard::undo::show_undo)).post(crate::dashboard::undo::undo_run).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/changes").route(reading().to(crate::dashboard::changes::show_changes)).default_service(page_only("GET, HEAD")))
            .service(resource("/changes/export.{format}").route(reading().to(crate::dashboard::exports::changes::export_changes)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/changes").route(reading().to(crate::dashboard::changes::show_company_changes)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/changes/export.{format}").route(reading().to(crate::dashboard::exports::changes::export_company_changes)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/people/{user}").route(reading().to(crate::dashboard::people::show_person)).default_service(page_only("GET, HEAD")))
            .service(resource("/companies/{company}/people/{user}/export.{format}").route(reading().to(crate::dashboard::exports::progress::export_person)).default_service(page_only("GET, HEAD")))
            .service(resource("/people/erasures").route(reading().to(crate::dashboard::erasures::show_erasures)).default_service(page_only("GET, HEAD")))
            .service(resource("/people/erasures/export.{format}").route(reading().to(crate::dashboard::exports::people::export_erasures)).default_service(page_only("GET, HEAD")))
            .service(resource("/people/{user}/erase").route(reading().to(crate::dashboard::erase::show_erase)).post(crate::dashboard::erase::erase_person).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/people/{user}/erasure").route(reading().to(crate::dashboard::erase::show_erasure)).default_service(page_only("GET, HEAD")))
            .service(resource("/people/{user}/erasure/export.{format}").route(reading().to(crate::dashboard::exports::people::export_erasure)).default_service(page_only("GET, HEAD")))
            .service(resource("/people/{user}/erasure/lift").post(crate::dashboard::erase::lift_erasure).default_service(page_only("POST")))
            .service(resource("/monitor").route(reading().to(crate::dashboard::monitor::show_monitor)).default_service(page_only("GET, HEAD")))
            .service(resource("/monitor/limits/export.{format}").route(reading().to(crate::dashboard::exports::monitor::export_limits)).default_service(page_only("GET, HEAD")))
            .service(resource("/monitor/{kind}/export.{format}").route(reading().to(crate::dashboard::exports::monitor::export_table)).default_service(page_only("GET, HEAD")))
            .service(resource("/invitation").route(reading().to(crate::dashboard::invitation::show_invitation)).post(crate::dashboard::invitation::accept_invitation).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/account").route(reading().to(crate::dashboard::account::show_account)).default_service(page_only("GET, HEAD")))
            .service(resource("/account/preferences").post(crate::dashboard::account::save_preferences).default_service(page_only("POST")))
            .service(resource("/account/password").post(crate::dashboard::account::change_password).default_service(page_only("POST")))
            .service(resource("/account/sessions").post(crate::dashboard::account::end_sessions).default_service(page_only("POST")))
            .service(resource("/account/second-factor").route(reading().to(crate::dashboard::second_factor::show_second_factor)).post(crate::dashboard::second_factor::begin_set_up).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/account/second-factor/confirm").post(crate::dashboard::second_factor::turn_on).default_service(page_only("POST")))
            .service(resource("/account/second-factor/codes").post(crate::dashboard::second_factor::renew_codes).default_service(page_only("POST")))
            .service(resource("/account/second-factor/off").post(crate::dashboard::second_factor::turn_off).default_service(page_only("POST")))
            .service(resource("/admins").route(reading().to(crate::dashboard::admins::show_admins)).post(crate::dashboard::admins::invite_admin).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/admins/export.{format}").route(reading().to(crate::dashboard::exports::admins::export_admins)).default_service(page_only("GET, HEAD")))
            .service(resource("/admins/invitations/{invitation}/revoke").post(crate::dashboard::admins::revoke_invitation).default_service(page_only("POST")))
            .service(resource("/admins/{admin}").route(reading().to(crate::dashboard::admin::show_admin)).default_service(page_only("GET, HEAD")))
            .service(resource("/admins/{admin}/role").post(crate::dashboard::admin::change_role).default_service(page_only("POST")))
            .service(resource("/admins/{admin}/password").post(crate::dashboard::admin::make_password_link).default_service(page_only("POST")))
            .service(resource("/admins/{admin}/second-factor").route(reading().to(crate::dashboard::admin_second_factor::show_reset)).post(crate::dashboard::admin_second_factor::reset).default_service(page_only("GET, HEAD, POST")))
            .service(resource("/admins/{admin}/sessions").post(crate::dashboard::admin::end_sessions).default_service(page_only("POST")))
            .service(resource("/admins/{admin}/disable").post(crate::dashboard::admin::disable_admin).default_service(page_only("POST")))
            .service(resource("/admins/{admin}/enable").post(crate::dashboard::admin::enable_admin).default_service(page_only("POST")))
            .service(resource("/admins/{admin}/remove").post(crate::dashboard::admin::remove_admin).default_service(page_only("POST")))
            .service(resource("/audit").route(reading().to(crate::dashboard::audit::show_audit)).default_service(page_only("GET, HEAD")))
            .service(resource("/audit/export.{format}").route(reading().to(crate::dashboard::exports::audit::export_audit)).default_service(page_only("GET, HEAD")))
            .service(resource("/demo").route(reading().to(crate::dashboard::demo::show_demo)).default_service(page_only("GET, HEAD")))
            .service(resource("/demo/complete").post(crate::dashboard::demo::complete_course).default_service(page_only("POST")))
            .default_service(web::to(crate::dashboard::page_error::show_not_found)),
    );
}
