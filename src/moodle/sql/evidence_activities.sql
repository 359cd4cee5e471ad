-- Every activity of one course that counts, with one person's state in it. No row is incomplete.
SELECT cm.id AS id, m.name AS kind, CAST(cm.visible AS :int) AS visible,
       CAST(cmc.completionstate AS :int) AS state, cmc.timemodified AS changed_at
FROM {course_modules} cm
JOIN {modules} m ON m.id = cm.module AND m.visible = 1
LEFT JOIN {course_modules_completion} cmc ON cmc.coursemoduleid = cm.id AND cmc.userid = :user
WHERE cm.course = :course AND cm.completion <> 0 AND cm.deletioninprogress = 0
ORDER BY cm.id
