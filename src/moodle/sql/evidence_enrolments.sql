-- Every enrolment of one person in one course.
SELECT e.enrol AS method, CAST(ue.status AS :int) AS status,
       CAST(e.status AS :int) AS method_status, ue.timestart AS begins_at,
       ue.timeend AS ends_at, ue.timecreated AS created_at
FROM {user_enrolments} ue
JOIN {enrol} e ON e.id = ue.enrolid
WHERE ue.userid = :user AND e.courseid = :course
ORDER BY ue.id
