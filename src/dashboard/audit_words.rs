//! What each action of the audit log is called.

use super::phrases::capital;

/// Every action that is written, and what it is called. A text of the source.
#[rustfmt::skip]
const WORDS: &[(&str, &str)] = &[
    ("admin_created", "Admin created"),
    ("admin_disabled", "Admin kept out"),
    ("admin_enabled", "Admin let in again"),
    ("admin_invitation_revoked", "Invitation taken back"),
    ("admin_invited", "Admin invited"),
    ("admin_joined", "Invitation accepted"),
    ("admin_password_changed", "Password changed"),
    ("admin_password_link_made", "Link for another password made"),
    ("admin_removed", "Admin removed"),
    ("admin_role_changed", "Role changed"),
    ("admin_second_factor_reset", "Second factor of an admin reset"),
    ("alert_acknowledged", "Alert acknowledged"),
    ("alert_closed", "Alert closed"),
    ("backup_made", "Backup made"),
    ("batch_cancelled", "Sync of all companies cancelled"),
    ("batch_requested", "Sync of all companies asked for"),
    ("cache_changed", "Cache time changed"),
    ("cache_cleared", "Cache cleared"),
    ("companies_looked_up", "Companies looked up in Moodle"),
    ("delivery_changed", "Delivery settings changed"),
    ("erasure_lifted", "Erasure lifted"),
    ("file_downloaded", "File downloaded"),
    ("person_erased", "Person erased"),
    ("preview_requested", "Preview of a sync asked for"),
    ("preferences_saved", "Preferences saved"),
    ("proof_failed", "Password or code wrong when asked again"),
    ("recovery_codes_renewed", "Recovery codes made anew"),
    ("removals_confirmed", "Removals confirmed"),
    ("removals_rejected", "Removals rejected"),
    ("schedule_paused", "Schedule paused"),
    ("schedule_resumed", "Schedule resumed"),
    ("schedule_set", "Schedule set"),
    ("second_factor_turned_off", "Second factor turned off"),
    ("second_factor_turned_on", "Second factor turned on"),
    ("sessions_ended", "Sessions ended"),
    ("settings_changed", "Settings of the rows changed"),
    ("settings_tried", "Settings of the rows tried out"),
    ("sign_in_failed", "Sign-in failed"),
    ("signed_in", "Signed in"),
    ("signed_out", "Signed out"),
    ("site_settings_changed", "Settings of the site changed"),
    ("store_restored", "Store put back from a copy"),
    ("sync_cancelled", "Sync cancelled"),
    ("sync_requested", "Sync asked for"),
    ("sync_undone", "Sync taken back"),
    ("test_message_sent", "Test message sent"),
    ("token_adopted", "Token of Moodle adopted"),
    ("token_created", "Token created"),
    ("token_refreshed", "Token of Moodle looked at again"),
    ("token_revoked", "Token revoked"),
    ("token_rotated", "Token rotated"),
    ("undo_requested", "Undo of a sync asked for"),
    ("view_deleted", "View deleted"),
    ("view_renamed", "View renamed"),
    ("view_saved", "View saved"),
];

/// What an action is called; one that an older version wrote and nobody knows any more, by its word.
pub fn action(word: &str) -> String {
    let known = WORDS.iter().find(|(known, _)| *known == word);
    known.map_or_else(
        || capital(&word.replace('_', " ")),
        |(_, label)| (*label).to_owned(),
    )
}

/// Whether an action has a name of its own.
pub fn is_known(word: &str) -> bool {
    WORDS.iter().any(|(known, _)| *known == word)
}
