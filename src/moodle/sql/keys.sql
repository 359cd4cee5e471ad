-- The (user, course) pairs of a page of users that have an enrolment that counts. Any one of
-- several enrolments is enough. (LEFT JOIN: no server can then start anywhere but at the
-- users of the page.)
SELECT ue.userid AS user_id, e.courseid AS course_id,
       MIN(CASE WHEN ue.timestart > 0 THEN ue.timestart ELSE ue.timecreated END) AS enrolled_at
FROM {user_enrolments} ue
LEFT JOIN {enrol} e ON e.id = ue.enrolid
WHERE ue.userid IN (:users)
GROUP BY ue.userid, e.courseid
HAVING COUNT(CASE WHEN :enrolment THEN 1 END) > 0
ORDER BY ue.userid, e.courseid
