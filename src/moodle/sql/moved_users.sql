-- Everybody of whom a fact was written since a cut-off. No index of Moodle has these times,
-- so each table is read once from end to end, or by user where the company is small.
-- Times of course completions are those of the last criterion, not of the writing: they are
-- looked at from a day before the cut-off on.
SELECT u.id AS id FROM {user} u WHERE u.timemodified >= :cutoff
UNION
SELECT userid FROM {user_enrolments}
WHERE (timemodified >= :cutoff OR timecreated >= :cutoff OR timestart >= :cutoff) AND (:members)
UNION
SELECT userid FROM {course_modules_completion}
WHERE timemodified >= :cutoff AND (:members)
UNION
SELECT userid FROM {course_completions}
WHERE (timecompleted >= :daybefore OR timestarted >= :daybefore OR reaggregate >= :daybefore)
  AND (:members)
UNION
SELECT userid FROM {role_assignments}
WHERE timemodified >= :cutoff AND (:members)
ORDER BY id
