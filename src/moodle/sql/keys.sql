-- The (user, course) pairs of a page of users that have an active enrolment. Any one of
-- several enrolments is enough. (LEFT JOIN: no server can then start anywhere but at the
-- users of the page.)
SELECT ue.userid AS user_id, e.courseid AS course_id
FROM {user_enrolments} ue
LEFT JOIN {enrol} e ON e.id = ue.enrolid
WHERE ue.userid IN (:users)
GROUP BY ue.userid, e.courseid
HAVING COUNT(CASE WHEN ue.status = 0 AND e.status = 0 AND ue.timestart < :now
                   AND (ue.timeend = 0 OR ue.timeend > :now) THEN 1 END) > 0
ORDER BY ue.userid, e.courseid
