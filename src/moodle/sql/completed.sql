-- The pairs of a page of users whose course was completed before a moment.
SELECT cc.userid AS user_id, cc.course AS course_id
FROM {course_completions} cc
WHERE cc.userid IN (:users) AND cc.timecompleted < :moment
