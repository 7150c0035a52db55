-- Deleted groups whose mail address a new group has taken since: restoring them will collide.
SELECT d.displayName, d.mail, d.deletedDateTime, g.displayName AS taken_by, g.createdDateTime AS taken_at
FROM aad.deleted_groups d
JOIN aad.groups g ON lower(g.mail) = lower(d.mail)
ORDER BY d.deletedDateTime DESC;
