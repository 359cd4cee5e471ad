-- The roles that say anything about completion reports, as held by a page of users.
SELECT ra.userid AS user_id, ra.contextid AS context_id, ra.roleid AS role_id
FROM {role_assignments} ra
WHERE ra.userid IN (:users) AND ra.roleid IN (:roles)
