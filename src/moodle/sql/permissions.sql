-- Who appears in completion reports: what each role says, and in which context.
SELECT rc.roleid AS role_id, rc.contextid AS context_id, rc.permission AS permission
FROM {role_capabilities} rc
WHERE rc.capability = 'moodle/course:isincompletionreports' AND rc.permission <> 0
