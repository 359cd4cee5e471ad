-- The same pairs as keys.sql, each with everything Moodle knows about it. Three tables are
-- read once, by user, and folded into one row per pair. (One GROUP BY over UNION ALL, and
-- LEFT JOINs: no server can then choose a plan that reads more than these users' rows.)
SELECT f.user_id AS user_id, f.course_id AS course_id, MIN(f.enrolled_at) AS enrolled_at,
       MAX(f.completed_at) AS completed_at, MAX(f.started_at) AS started_at,
       COUNT(f.done) AS done, COUNT(f.touched_at) AS touched, MIN(f.touched_at) AS first_touched_at
FROM (
    SELECT ue.userid AS user_id, e.courseid AS course_id,
           CASE WHEN :enrolment THEN 1 END AS active,
           CASE WHEN ue.timestart > 0 THEN ue.timestart ELSE ue.timecreated END AS enrolled_at,
           CAST(NULL AS :int) AS completed_at, CAST(NULL AS :int) AS started_at,
           CAST(NULL AS :int) AS done, CAST(NULL AS :int) AS touched_at
    FROM {user_enrolments} ue
    LEFT JOIN {enrol} e ON e.id = ue.enrolid
    WHERE ue.userid IN (:users)
    UNION ALL
    SELECT cc.userid, cc.course, NULL, NULL, cc.timecompleted, cc.timestarted, NULL, NULL
    FROM {course_completions} cc
    WHERE cc.userid IN (:users)
    UNION ALL
    SELECT cmc.userid, cm.course, NULL, NULL, NULL, NULL,
           CASE WHEN m.visible = 1 AND cmc.completionstate IN (1, 2) THEN 1 END,
           CASE WHEN m.visible = 1 THEN cmc.timemodified END
    FROM {course_modules_completion} cmc
    LEFT JOIN {course_modules} cm
           ON cm.id = cmc.coursemoduleid AND cm.completion <> 0 AND cm.deletioninprogress = 0
    LEFT JOIN {modules} m ON m.id = cm.module
    WHERE cmc.userid IN (:users) AND cmc.completionstate <> 0
) f
GROUP BY f.user_id, f.course_id
HAVING COUNT(f.active) > 0
ORDER BY f.user_id, f.course_id
