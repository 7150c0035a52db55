-- Which deleted groups had a mail address that a new group uses now, so that restoring them causes a conflict?
SELECT d.displayName, d.mail, d.deletedDateTime, g.displayName AS taken_by, g.createdDateTime AS taken_at
FROM aad.deleted_groups d
JOIN aad.groups g ON lower(g.mail) = lower(d.mail)
ORDER BY d.deletedDateTime DESC;
