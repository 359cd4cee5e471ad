-- Every role that one person holds in one course or above it.
SELECT DISTINCT ra.roleid AS role, CAST(cx.contextlevel AS :int) AS level
FROM {role_assignments} ra
JOIN {context} cx ON cx.id = ra.contextid
WHERE ra.userid = :user AND ra.contextid IN (:contexts)
ORDER BY ra.roleid
