-- One person's completion of one course, where Moodle has made its row.
SELECT cc.timestarted AS started_at, cc.timecompleted AS completed_at
FROM {course_completions} cc
WHERE cc.userid = :user AND cc.course = :course
