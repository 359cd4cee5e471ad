-- Everybody with any enrolment in some courses.
SELECT DISTINCT ue.userid AS id
FROM {user_enrolments} ue
JOIN {enrol} e ON e.id = ue.enrolid
WHERE e.courseid IN (:courses)
ORDER BY ue.userid
